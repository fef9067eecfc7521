// What was made from the video: its playable copy, conversions, and what is being made or could not be.
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { Shape } from "../parts/state-mark.js";
import { sourceOf } from "../player/source.js";
import { whyNot } from "../player/why-not.js";
import { announce } from "../shell/announce.js";
import { footageOnly } from "../words/footage.js";
import { jobName, renditionName } from "../words/media.js";
import { percent, size } from "../words/sizes.js";
import { sentence } from "../words/states.js";
import { ActButton } from "./act-button.js";
import { dropJob, retryJob } from "./acts.js";
import { ConvertForm } from "./convert.js";
import { mayEdit } from "./words.js";

export function Made({ video }) {
  const { renditions = [], jobs = [] } = video.media ?? {};
  const isAllowed = mayEdit(video);
  // The player says why there is nothing to play; it is not said twice.
  const told = video.status === "trashed" || sourceOf(video) ? "" : whyNot(video).words;
  const shown = jobs.filter((job) => job.state !== "cancelled");
  return html`
    <section class="details-section">
      <h3 tabindex="-1">Made from it</h3>
      ${renditions.length + shown.length > 0
        ? html`
          <ul class="made" role="list">
            ${renditions.map((made) => html`<${Rendition} key=${made.name} video=${video} made=${made} isAllowed=${isAllowed} />`)}
            ${shown.map((job) => html`<${Job} key=${job.id} video=${video} job=${job} isAllowed=${isAllowed} isTold=${told.includes(sentence(job.error) || "\0")} />`)}
          </ul>`
        : html`<p class="soft details-small">Nothing yet.</p>`}
      ${isAllowed && !footageOnly(video).length && html`<${ConvertForm} video=${video} />`}
    </section>
  `;
}

function Rendition({ video, made, isAllowed }) {
  const name = renditionName(made);
  const isList = made.format === "hls";
  return html`
    <li class="made-row" data-made=${made.name}>
      <p class="made-name">${name}<span class="soft figures"> · ${size(made.size_bytes)}</span></p>
      <p class="made-acts">
        ${isList
          ? html`<a class="button small" href=${made.url} target="_blank" rel="noopener" aria-label=${`Open ${name} (new tab)`} title="For players that take HLS">Open</a>`
          : html`<a class="button small" href=${made.url} download aria-label=${`Download ${name}`}>
              <${Icon} name="download" />Download</a>`}
        ${isAllowed && made.kind === "convert" && html`
          <${ActButton} act=${() => dropJob(video.id, { id: made.job_id })} icon="trash" name=${`Remove ${name}`} done=${() => announce(`${name} removed.`)} />`}
      </p>
    </li>
  `;
}

function Job({ video, job, isAllowed, isTold }) {
  const name = jobName(job);
  const share = percent(job.progress ?? 0, 1);
  const ended = ["failed", "set-aside"].includes(job.state);
  return html`
    <li class="made-row" data-job=${job.kind} data-state=${job.state}>
      <p class="made-name">${name}<span class=${`made-state figures tone-${ended ? "failed" : job.state === "running" ? "moving" : "waiting"}`}>
        ${" "}<${Shape} shape=${ended ? "failed" : job.state === "running" ? "moving" : "waiting"} share=${share} />${" "}${WORDS[job.state] ?? job.state}${job.state === "running" ? ` ${share}\u00a0%` : ""}
      </span></p>
      <p class="made-acts">
        ${isAllowed && ended && html`<${ActButton} act=${() => retryJob(video.id, job)} icon="retry" name=${`Retry: ${name}`}>Retry<//>`}
        ${isAllowed && !ended && job.kind === "convert" && html`
          <${ActButton} act=${() => dropJob(video.id, job)} icon="close" name=${`Cancel: ${name}`} done=${() => announce(`${name} cancelled.`)}>Cancel<//>`}
      </p>
      ${job.state === "running" && html`<progress class="bar" max="100" value=${share} aria-label=${name} />`}
      ${job.error && !isTold && html`<p class=${`made-why ${ended ? "" : "soft"}`}>${sentence(job.error)}${ended ? "" : " It is tried again by itself."}</p>`}
    </li>
  `;
}

const WORDS = { waiting: "In line", running: "Making", failed: "Failed", "set-aside": "Set aside" };
