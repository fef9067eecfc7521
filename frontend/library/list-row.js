// A video as a row of the dense list.
import { HeldMark } from "../holds/mark.js";
import { html } from "../html.js";
import { Ago } from "../parts/ago.js";
import { clockTime } from "../words/lengths.js";
import { shown } from "../words/names.js";
import { size } from "../words/sizes.js";
import { Copies } from "./copies.js";
import { Picture } from "./picture.js";
import { videoAddress } from "./route.js";
import { Tick } from "./tick.js";

export const ListRow = ({ video, title, isPicked }) => html`
  <div class="list-row">
    <${Tick} title=${title} isPicked=${isPicked} />
    <a class="list-picture" href=${videoAddress(video.id)} data-open="" tabindex="-1" aria-hidden="true" draggable=${false}><${Picture} video=${video} small /></a>
    <span class="list-words">
      <a class="list-title" href=${videoAddress(video.id)} data-open="" tabindex="-1" title=${title} draggable=${false}><bdi>${title}</bdi></a>
      <span class="list-under soft">
        <${HeldMark} video=${video} />
        <bdi>${shown(video.project_id)}</bdi>
        ${video.content_type && html`<bdi class="list-label">${shown(video.content_type)}</bdi>`}
        ${(video.tags ?? []).slice(0, 3).map((tag) => html`<bdi key=${tag} class="tag">${shown(tag)}</bdi>`)}
      </span>
    </span>
    <span class="list-length figures">${Number.isFinite(video.duration_seconds) ? clockTime(video.duration_seconds) : ""}</span>
    <span class="list-size figures soft">${size(video.size_bytes)}</span>
    <span class="list-age soft"><${Ago} at=${video.created_at} /></span>
    <${Copies} video=${video} />
  </div>
`;
