// One video of the list: its words, its facts, the state of each copy, and what is wrong in words.
import { useEffect } from "preact/hooks";
import { AlikeNote } from "../alike/view.js";
import { html } from "../html.js";
import { Ago } from "../parts/ago.js";
import { Digest } from "../parts/digest.js";
import { FileTile } from "../parts/file-tile.js";
import { Icon } from "../parts/icons.js";
import { OwnDamage, StateMark } from "../parts/state-mark.js";
import { targetLabel } from "../server/session.js";
import { LIBRARY, follow } from "../shell/route.js";
import { shown } from "../words/names.js";
import { digestOf, size } from "../words/sizes.js";
import { footageOnly, vmsOnly } from "../words/footage.js";
import { ownDamage } from "../words/states.js";
import { DeliveryNotes } from "./notes.js";
import { follow as followStates } from "./poll.js";
import { pathOf, record, titleOf } from "./records.js";
import { SameAs } from "./same-as.js";

export function VideoRow({ id }) {
  useEffect(() => followStates(id), [id]);
  const video = record(id).value;
  if (!video) return null;
  const title = titleOf(video);
  const details = `${LIBRARY}?video=${id}`;
  const damage = video.status !== "trashed" && ownDamage(video);
  return html`
    <li class="video-row" data-video=${id}>
      <${FileTile} name=${video.original_filename ?? video.filename} />
      <div class="video-main">
        <h3 class="video-title" tabindex="-1"><a href=${details} onClick=${(event) => follow(event, details)}><bdi>${title}</bdi></a></h3>
        <${Meta} video=${video} />
        <p class="video-facts figures soft">
          <span>${size(video.size_bytes)}</span>
          <span><${Ago} at=${video.created_at} />${video.uploaded_by && html`${" "}by <bdi>${shown(video.uploaded_by)}</bdi>`}</span>
          <span class="fact-saved">${damage ? html`<${OwnDamage} words=${damage} />` : hereOf(video)}<${Digest} digest=${digestOf(video)} of=${title} /></span>
        </p>
        ${video.duplicate_of && html`<${SameAs} id=${video.duplicate_of} />`}
        <${AlikeNote} video=${video} />
      </div>
      <div class="video-states">
        ${video.deliveries.map((delivery) => html`
          <${StateMark} key=${delivery.target} delivery=${delivery} label=${targetLabel(delivery.target)} of=${title} />
        `)}
      </div>
      ${!footageOnly(video).length && html`
        <a class="button-icon video-download" href=${`${pathOf(id)}/download`} download aria-label=${`Download ${title}`} title="Download">
          <${Icon} name="download" />
        </a>
      `}
      <${DeliveryNotes} video=${video} title=${title} />
    </li>
  `;
}

/** Where the bytes on our own disk are, when not simply there. */
const HERE = { "remote-only": "Kept on targets only", trashed: "In the trash" };
const hereOf = (video) => (footageOnly(video).length ? vmsOnly(footageOnly(video)) : HERE[video.status] ?? "Saved");

function Meta({ video }) {
  const words = [
    video.title && html`<bdi key="file">${shown(video.original_filename)}</bdi>`,
    html`<bdi key="project" title="Project">${shown(video.project_id)}</bdi>`,
    video.content_type && html`<bdi key="label" title="Label">${shown(video.content_type)}</bdi>`,
    ...(video.tags ?? []).map((tag) => html`<bdi key=${`tag-${tag}`} class="tag">${shown(tag)}</bdi>`),
  ];
  return html`<p class="video-meta soft">${words.filter(Boolean)}</p>`;
}
