// Above the videos: search, sort, grid or list, filters where there is no room beside, keys, and the filters that are set.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { singleKeys } from "../parts/single-keys.js";
import { follow } from "../shell/route.js";
import { focusActive } from "./active.js";
import { Dialog } from "../parts/dialog.js";
import { FilterFields } from "./filter-fields.js";
import { keysShown, listenForSigns } from "./keys.js";
import { SORTS, chips, cleared, isTrash, theTrash } from "./query.js";
import { ids } from "./results.js";
import { filterAddress, filters, setFilters, setView, view } from "./route.js";

const TYPING_MS = 250;
const filtersShown = signal(false);

export const Tools = () => html`
  <div class="library-tools">
    <${SearchBox} />
    <button type="button" class="button filters-button" aria-haspopup="dialog" onClick=${() => (filtersShown.value = true)}>
      <${Icon} name="filter" /><span>Filters</span><${Count} />
    </button>
    <label class="sort"><span class="visually-hidden">Sort</span>
      <select value=${filters.value.sort} onChange=${(event) => setFilters({ ...filters.peek(), sort: event.target.value })}>
        ${Object.entries(SORTS).map(([sort, says]) => html`<option key=${sort} value=${sort}>${says}</option>`)}
      </select>
    </label>
    <div class="segments view-switch" role="group" aria-label="Show as">
      <${ViewButton} name="grid" icon="library" says="Grid" />
      <${ViewButton} name="list" icon="rows" says="List" />
    </div>
    <${TrashLink} />
    <button type="button" class="button-icon keys-button" aria-label="Keys" title="Keys (?)" aria-haspopup="dialog" onClick=${() => (keysShown.value = true)}><${Icon} name="keys" /></button>
  </div>
  ${filtersShown.value && html`
    <${Dialog} title="Filters" kind="dialog-sheet" onClose=${() => (filtersShown.value = false)}>
      <${FilterFields} />
      <p class="dialog-foot"><button type="button" class="button primary" onClick=${() => (filtersShown.value = false)}>Show videos</button></p>
    <//>
  `}
`;

/** How many are set; the search words are seen in their own field. */
function Count() {
  const set = chips(filters.value).filter(({ key }) => key !== "q").length;
  return set > 0 && html`<span class="filters-count figures">${set}</span>`;
}

const ViewButton = ({ name, icon, says }) => html`
  <button type="button" aria-pressed=${view.value === name ? "true" : "false"} aria-label=${says} title=${says} onClick=${() => setView(name)}><${Icon} name=${icon} /></button>
`;

/** To the trash, and from there back to all videos. */
function TrashLink() {
  const inTrash = isTrash(filters.value);
  const address = filterAddress(theTrash(filters.value));
  return html`
    <a class="button trash-link" href=${address} onClick=${(event) => follow(event, address)} title=${inTrash ? "Leave the trash" : "What is in the trash"}>
      <${Icon} name=${inTrash ? "film" : "trash"} /><span>${inTrash ? "All videos" : "Trash"}</span>
    </a>
  `;
}

function SearchBox() {
  const field = useRef();
  const timer = useRef(null);
  const isFirst = useRef(true);
  const words = filters.value.q;
  const searchFor = (text) => {
    if (text === filters.peek().q) return;
    // The first letter is a step of its own, to come back from; the next ones belong to it.
    setFilters({ ...filters.peek(), q: text }, { replace: !isFirst.current });
    isFirst.current = false;
  };
  const typed = (event) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(searchFor, TYPING_MS, event.target.value.trim());
  };
  const pressed = (event) => {
    if (event.key !== "Enter" && event.key !== "ArrowDown") return;
    event.preventDefault();
    clearTimeout(timer.current);
    searchFor(event.target.value.trim());
    if (ids.peek()?.length) focusActive();
  };
  useEffect(() => listenForSigns(field), []);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    // Never while someone writes there: the search lags behind the fingers.
    if (document.activeElement !== field.current || isFirst.current) field.current.value = words;
  }, [words]);
  return html`
    <search class="search">
      <${Icon} name="search" />
      <input ref=${field} type="search" aria-label="Search the library" aria-keyshortcuts=${singleKeys.value ? "/" : null} placeholder="Search"
        onInput=${typed} onKeyDown=${pressed} onFocus=${() => (isFirst.current = true)} autocomplete="off" maxlength="200" />
    </search>
  `;
}

/** The filters that are set, each with its way out. */
export function Chips() {
  const set = chips(filters.value);
  if (!set.length) return null;
  return html`
    <ul class="filter-chips" role="list" aria-label="Filters that are set">
      ${set.map(({ key, words, without }) => html`
        <li key=${key}><button type="button" class="filter-chip" onClick=${() => setFilters(without)} aria-label=${`Clear ${words}`}><bdi>${words}</bdi><${Icon} name="close" /></button></li>
      `)}
      <li><button type="button" class="filter-chip filter-chip-all" onClick=${() => setFilters(cleared(filters.peek()))}>Clear all</button></li>
    </ul>
  `;
}
