// In the player's place while there is nothing to play: what for, how far, and what can be done.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { Shape } from "../parts/state-mark.js";
import { post } from "../server/api.js";
import { mayOperate, targetLabel } from "../server/session.js";
import { refreshVideo } from "../videos/poll.js";
import { pathOf } from "../videos/records.js";
import { hasPicture, isSound, pictureOf } from "./source.js";
import { useAspect } from "./stage.js";
import { whyNot } from "./why-not.js";

export function NotYet({ video }) {
  const box = useRef();
  useAspect(box, video, !isSound(video));
  const { shape, tone, words, percent, failedJob, links } = whyNot(video);
  return html`
    <div class="player-stage player-not-yet" ref=${box} data-not-yet=${tone}>
      ${hasPicture(video) && (links || tone === "moving") && html`<img class="player-still" src=${pictureOf(video)} alt="" />`}
      <div class="player-told">
        <p><span class="player-sign"><${Shape} shape=${shape} share=${percent ?? 0} /></span>${" "}${words}</p>
        ${percent !== undefined && html`<progress class="bar" max="100" value=${percent} aria-label="The playable copy" />`}
        <p class="player-acts">
          ${failedJob && mayOperate.value && html`<${RetryJob} video=${video} job=${failedJob} />`}
          ${links?.map(({ target, link }) => html`<${Elsewhere} key=${target} target=${target} link=${link} />`)}
          ${tone !== "moving" && !links && html`
            <a class="button small" href=${`${pathOf(video.id)}/download`} download><${Icon} name="download" />Download</a>
          `}
        </p>
      </div>
    </div>
  `;
}

/** Only where the VMS has a page for it. */
const Elsewhere = ({ target, link }) => link && html`
  <a class="button small" href=${link} target="_blank" rel="noopener noreferrer">Open in ${targetLabel(target)}<span class="visually-hidden"> (new tab)</span></a>
`;

function RetryJob({ video, job }) {
  const trouble = useSignal("");
  const press = async () => {
    trouble.value = "";
    try {
      await post(`${pathOf(video.id)}/jobs/${job.id}/retry`);
      await refreshVideo(video.id);
    } catch (problem) {
      trouble.value = problem.message;
    }
  };
  return html`
    <button type="button" class="button small" onClick=${press}><${Icon} name="retry" />Retry</button>
    ${trouble.value && html`<span role="alert">${trouble.value}</span>`}
  `;
}
