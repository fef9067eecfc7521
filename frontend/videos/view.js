// The list of videos below the queue: heading with totals, search, rows, and what stands there when it is empty.
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { Late } from "../parts/late.js";
import { mayUpload } from "../server/session.js";
import { count, size } from "../words/sizes.js";
import { listed, listProblem, loading, nextCursor, query, refresh, search, showMore, stats } from "./list.js";
import { PlaceNotes } from "./place-notes.js";
import { VideoRow } from "./row.js";

export const VideoList = () => html`
  <section class="videos" id="videos" aria-labelledby="videos-heading">
    <header class="videos-head">
      <h2 id="videos-heading" tabindex="-1">Videos</h2>
      ${stats.value?.total_videos > 0 && html`<p class="soft figures">${totals(stats.value)}</p>`}
      ${(query.value || listed.value?.length !== 0) && html`<${SearchBox} />`}
    </header>
    ${listProblem.value && html`<${Trouble} />`}
    <${PlaceNotes} />
    <${Body} />
  </section>
`;

const totals = (all) => `${count(all.total_videos, "video")} · ${size(all.total_size_bytes)}`;

function Body() {
  if (listed.value === null) return listProblem.value ? null : html`<${Late}><${Skeleton} /><//>`;
  if (!listed.value.length) return query.value ? html`<${NoMatch} />` : html`<${Empty} />`;
  return html`
    <ul class="panel video-rows" role="list" aria-label="Videos, newest first">
      ${listed.value.map((id) => html`<${VideoRow} key=${id} id=${id} />`)}
    </ul>
    ${nextCursor.value && html`
      <p class="videos-more">
        <button type="button" class="button" onClick=${more} disabled=${loading.value}>${loading.value ? "Loading…" : "Show more"}</button>
      </p>
    `}
  `;
}

/** The first of the rows that came takes the focus: the button may be gone. */
async function more() {
  const before = listed.peek().length;
  await showMore();
  requestAnimationFrame(() => document.querySelectorAll(".video-row .video-title")[before]?.focus());
}

const Trouble = () => html`
  <div class="trouble" role="alert">
    <p>The list could not be loaded. ${listProblem.value}</p>
    <button type="button" class="button small" onClick=${refresh}>Try again</button>
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

const NoMatch = () => html`
  <div class="empty">
    <p class="empty-title">Nothing matches “${query.value}”</p>
    <p class="soft">The search looks at names, titles, descriptions and tags.</p>
    <button type="button" class="button" onClick=${() => search("")}>Show all videos</button>
  </div>
`;

const TYPING_MS = 250;

function SearchBox() {
  const field = useRef();
  const timer = useRef(null);
  const typed = (event) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => search(event.target.value.trim()), TYPING_MS);
  };
  useEffect(() => listenForSlash(field), []);
  useEffect(() => {
    // Never while someone writes there: the search lags behind the fingers.
    if (document.activeElement !== field.current) field.current.value = query.value;
  }, [query.value]);
  return html`
    <search class="search">
      <${Icon} name="search" />
      <input ref=${field} type="search" aria-label="Search videos" aria-keyshortcuts="/" placeholder="Search"
        onInput=${typed} autocomplete="off" maxlength="200" />
    </search>
  `;
}

/** "/" goes to the search, unless someone is writing. */
function listenForSlash(field) {
  const handle = (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    field.current?.focus();
  };
  document.addEventListener("keydown", handle);
  return () => document.removeEventListener("keydown", handle);
}
