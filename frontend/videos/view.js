// The newest videos, below the queue: heading with totals, rows, the way to all others, and what stands there when empty.
import { html } from "../html.js";
import { Late } from "../parts/late.js";
import { mayUpload } from "../server/session.js";
import { LIBRARY, follow } from "../shell/route.js";
import { count, size } from "../words/sizes.js";
import { listed, listProblem, loading, refresh, stats } from "./list.js";
import { PlaceNotes } from "./place-notes.js";
import { VideoRow } from "./row.js";

export const VideoList = () => html`
  <section class="videos" id="videos" aria-labelledby="videos-heading">
    <header class="videos-head">
      <h2 id="videos-heading" tabindex="-1">Newest videos</h2>
      ${stats.value?.total_videos > 0 && html`
        <p class="soft figures">${totals(stats.value)}</p>
        <a class="videos-all" href=${LIBRARY} onClick=${(event) => follow(event, LIBRARY)}>See all in the Library</a>
      `}
    </header>
    ${listProblem.value && html`<${Trouble} />`}
    <${PlaceNotes} />
    <${Body} />
  </section>
`;

const totals = (all) => `${count(all.total_videos, "video")} · ${size(all.total_size_bytes)}`;

function Body() {
  if (listed.value === null) return listProblem.value ? null : html`<${Late}><${Skeleton} /><//>`;
  if (!listed.value.length) return html`<${Empty} />`;
  return html`
    <ul class="panel video-rows" role="list" aria-label="Videos, newest first">
      ${listed.value.map((id) => html`<${VideoRow} key=${id} id=${id} />`)}
    </ul>
  `;
}

const Trouble = () => html`
  <div class="trouble" role="alert">
    <p>The list could not be loaded. ${listProblem.value}</p>
    <button type="button" class="button small" onClick=${refresh} disabled=${loading.value}>Try again</button>
  </div>
`;

const Skeleton = () => html`
  <ul class="panel video-rows" aria-hidden="true" data-skeleton>
    ${[70, 45, 60, 52].map((width) => html`<li key=${width} class="video-row skeleton"><span class=${`bone bone-${width}`} /><span class="bone bone-30" /></li>`)}
  </ul>
`;

const Empty = () => html`
  <div class="empty">
    <p class="empty-title">No videos yet</p>
    <p class="soft">Each video will be listed here with its digest, and with the state of every copy until it is verified.</p>
    ${mayUpload.value && html`<button type="button" class="button" onClick=${() => document.querySelector("[data-choose]")?.click()}>Choose files</button>`}
  </div>
`;
