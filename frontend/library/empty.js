// What stands there when there is nothing to show: why, and the next act.
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { Late } from "../parts/late.js";
import { mayUpload } from "../server/session.js";
import { follow } from "../shell/route.js";
import { chips, cleared, isPlain, isTrash } from "./query.js";
import { problem, tryAgain } from "./results.js";
import { filters, setFilters } from "./route.js";

const showAll = () => setFilters(cleared(filters.peek()));

export function Empty() {
  const set = filters.value;
  if (isPlain(set)) return html`<${NoVideos} />`;
  if (isTrash(set) && chips(set).length === 1) return html`<${NoTrash} />`;
  if (set.held && chips(set).length === 1) return html`<${NoneHeld} />`;
  const only = chips(set).length === 1;
  return html`
    <div class="empty">
      <span class="empty-icon"><${Icon} name="search" /></span>
      <p class="empty-title">${set.q && only ? `Nothing matches “${set.q}”` : "No video matches these filters"}</p>
      <p class="soft">${set.q ? "The search looks at names, titles, descriptions and tags." : "Clear one of them above, or all."}</p>
      <button type="button" class="button" onClick=${showAll}>Show all videos</button>
    </div>
  `;
}

const NoVideos = () => html`
  <div class="empty">
    <span class="empty-icon"><${Icon} name="film" /></span>
    <p class="empty-title">No videos yet</p>
    <p class="soft">${mayUpload.value ? "What you upload is shown here with its picture, and with the state of every copy." : "What the team uploads is shown here, with the state of every copy."}</p>
    ${mayUpload.value && html`<a class="button primary" href="/" onClick=${(event) => follow(event, "/")}><${Icon} name="upload" />Upload videos</a>`}
  </div>
`;

const NoTrash = () => html`
  <div class="empty">
    <span class="empty-icon"><${Icon} name="trash" /></span>
    <p class="empty-title">The trash is empty</p>
    <p class="soft">What is moved to the trash is listed here with the day it is deleted for good, and can be restored until then.</p>
    <button type="button" class="button" onClick=${showAll}>Show all videos</button>
  </div>
`;

const NoneHeld = () => html`
  <div class="empty">
    <span class="empty-icon"><${Icon} name="hold" /></span>
    <p class="empty-title">No video is held</p>
    <p class="soft">A held video cannot be deleted, by people or by rules, until its hold ends. An operator holds one in its details, or many at once by selecting them.</p>
    <button type="button" class="button" onClick=${showAll}>Show all videos</button>
  </div>
`;

export const Trouble = () => problem.value && html`
  <div class="trouble" role="alert">
    <p>The list could not be loaded. ${problem.value}</p>
    <button type="button" class="button small" onClick=${tryAgain}>Try again</button>
  </div>
`;

export const Skeleton = () => html`
  <${Late}>
    <div class="library-skeleton" aria-hidden="true" data-skeleton>
      ${Array.from({ length: 12 }, (_, at) => html`<span key=${at} class="cell-bones"><span class="bone cell-bone" /><span class="bone bone-60" /><span class="bone bone-45" /></span>`)}
    </div>
  <//>
`;
