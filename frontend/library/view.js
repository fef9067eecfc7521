// The Library: filters at the left, the videos, and the open one beside them.
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { stay } from "../trash/words.js";
import { live } from "../videos/list.js";
import { count } from "../words/sizes.js";
import { countAll } from "./active.js";
import { BulkBar } from "./bulk-bar.js";
import { DetailsPane } from "./details-pane.js";
import { Empty, Skeleton, Trouble } from "./empty.js";
import { FilterFields } from "./filter-fields.js";
import { Grid } from "./grid.js";
import { KeysDialog } from "./keys-dialog.js";
import { showNewer, waiting } from "./newer.js";
import { isPlain, isTrash } from "./query.js";
import { changing, ids, isExact, next, problem, total } from "./results.js";
import { filters, openId } from "./route.js";
import { countShown } from "./sight.js";
import { Chips, Tools } from "./tools.js";

export function LibraryView() {
  return html`
    <div class=${`library ${openId.value ? "has-details" : ""}`} data-library>
      <section class="library-main" aria-labelledby="library-heading">
        <header class="library-head">
          <h1 id="library-heading" tabindex="-1">${isTrash(filters.value) ? "Trash" : "Library"}</h1>
          <p class="soft figures" data-total>${totalWords()}</p>
        </header>
        ${isTrash(filters.value) && html`<${TrashWords} />`}
        <${Tools} />
        <div class="library-below">
          <aside class="library-filters" aria-label="Filters"><${FilterFields} /></aside>
          <div class="library-videos">
            <${Chips} />
            <${Newer} />
            <${Trouble} />
            <${Body} />
          </div>
        </div>
      </section>
      <${DetailsPane} />
      <${BulkBar} />
      <${KeysDialog} />
    </div>
  `;
}

const TrashWords = () => html`
  <p class="soft library-trash-words">${stay() ? `A video stays here for ${stay()}, then it is deleted for good.` : "A video stays here for a while, then it is deleted for good."} Until then it can be restored.</p>
`;

function totalWords() {
  if (ids.value === null) return "";
  if (changing.value && (problem.value || !live.value)) return "Not looked up yet";
  const loaded = ids.value.length;
  const all = total.value ?? loaded;
  if (!all) return "";
  const words = isExact.value ? count(all, "video") : `${Math.max(all, loaded).toLocaleString("en-GB")}+ videos`;
  if (total.value === null && next.value) return `${words} and more`;
  const isWhole = isPlain(filters.value) || isPlain({ ...filters.value, state: isTrash(filters.value) ? "" : filters.value.state });
  return isWhole ? words : `${words} found`;
}

function Body() {
  if (ids.value === null) return problem.value ? null : html`<${Skeleton} />`;
  if (!ids.value.length) return changing.value ? html`<${NotYet} />` : html`<${Empty} />`;
  return html`
    <${NotYet} />
    <${Grid} />
    ${countShown.value < countAll.value && html`
      <p class="library-end soft">The first ${countShown.value.toLocaleString("en-GB")} are shown. Search or filter to see the others.</p>
    `}
  `;
}

/** Offline, or after a failure: what is shown was found by other filters than those that are set. */
const NotYet = () => changing.value && !live.value && html`
  <p class="not-yet" role="status">What you look for now was not looked up yet: there is no connection. It is as soon as there is one.${" "}
    ${ids.value.length > 0 && "Below is what was found before."}</p>
`;

const Newer = () => waiting.value.ids.length > 0 && html`
  <p class="newer">
    <button type="button" class="button small" onClick=${toNewer}>
      <${Icon} name="upload" />${waiting.value.overflow ? "Many new videos" : count(waiting.value.ids.length, "new video")}
    </button>
  </p>
`;

function toNewer() {
  showNewer();
  window.scrollTo({ top: 0 });
}
