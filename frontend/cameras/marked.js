// The marked range: typed or dragged, how long it is, and what each chosen camera recorded of it.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { mayUpload } from "../server/session.js";
import { live } from "../videos/list.js";
import { count } from "../words/sizes.js";
import { mark, ticked } from "./chosen.js";
import { openExport, order } from "./draft.js";
import { cameraIds, fetchLanes, nameById } from "./known.js";
import { Bounds } from "./mark-bounds.js";
import { Instant, lengthWords, utcWords } from "./moments.js";
import { around, setSpan } from "./span.js";
import { sumOf, sumWords } from "./sums.js";
import { ZONE, needsZone } from "./zone.js";

const SETTLE_MS = 200;
const REST_MS = 10_000;
const BINS = 1000;
const FEW_GAPS = 6;

/** Of the marked range itself: what is shown above may be less than that. {key, lanes} of the newest answer. */
const told = signal(null);
const problem = signal("");

const keyOf = (ids, range) => `${ids.join()} ${range.from} ${range.to}`;

async function ask(ids, range, ending) {
  try {
    const lanes = await fetchLanes(ids, range, BINS, { signal: ending });
    if (ending.aborted) return;
    told.value = { key: keyOf(ids, range), lanes };
    problem.value = "";
  } catch (trouble) {
    if (trouble.name !== "AbortError" && !ending.aborted) problem.value = trouble.status === 0 ? "" : trouble.message;
  }
}

/** Asked anew when the mark changes, and now and then: recordings arrive late. */
function useSums(ids, range) {
  const key = range && ids.length ? keyOf(ids, range) : "";
  const isLive = live.value;
  useEffect(() => {
    if (!key || !isLive) return undefined;
    const ending = new AbortController();
    const look = () => document.visibilityState === "visible" && ask(ids, range, ending.signal);
    const first = setTimeout(look, SETTLE_MS);
    const later = setInterval(look, REST_MS);
    return () => {
      clearTimeout(first);
      clearInterval(later);
      ending.abort();
    };
  }, [key, isLive]);
  return told.value?.key === key ? told.value.lanes : new Map();
}

export function Marked() {
  const range = mark.value;
  const ids = order(ticked.value);
  const sums = useSums(ids, range);
  return html`
    <section class="part" aria-labelledby="marked-heading" data-marked>
      <header class="part-head"><h2 id="marked-heading" tabindex="-1">Marked range</h2><p class="soft">Drag over lanes, or type from and to. Times are those of ${ZONE}, unless a zone such as +01:00 or Z stands behind one.</p></header>
      <div class="panel marked">
        <${Bounds} />
        ${range && html`<p class="marked-length figures"><strong>${lengthWords(range.to - range.from)}</strong><span class="soft">${utcWords(range.from)} – ${utcWords(range.to)}</span></p>`}
        ${range && ids.length === 0 && html`<p class="soft">Tick the cameras above that it is about.</p>`}
        ${range && ids.length > 0 && html`<ul class="sums" role="list" aria-label="What was recorded of it">${ids.map((id) => html`<${Sum} key=${id} id=${id} range=${range} lane=${sums.get(id)} />`)}</ul>`}
        ${problem.value && range && html`<p class="tone-failed" role="alert">This could not be looked up. ${problem.value}</p>`}
        <p class="marked-acts">
          ${mayUpload.value && html`<button type="button" class="button primary" disabled=${!range || !ids.length} aria-haspopup="dialog" onClick=${openExport}><${Icon} name="download" />Export…</button>`}
          ${range && html`<button type="button" class="button" onClick=${() => setSpan(around(range))}>Show it</button>`}
          ${range && html`<button type="button" class="button" onClick=${() => (mark.value = null)}>Clear</button>`}
          ${cameraIds.value.length > 1 && html`<button type="button" class="button" onClick=${tickAll}>${ids.length === cameraIds.value.length ? "No camera" : "All cameras"}</button>`}
        </p>
      </div>
    </section>
  `;
}

const tickAll = () => (ticked.value = order(ticked.peek()).length === cameraIds.peek().length ? [] : [...cameraIds.peek()]);

function Sum({ id, range, lane }) {
  const sum = sumOf(lane, range.from, range.to);
  const gaps = sum?.share > 0 ? (sum.gaps ?? []) : [];
  const isZoned = needsZone(range.from, range.to, ...gaps.slice(0, FEW_GAPS).map((gap) => gap.from));
  return html`
    <li class="sum" data-sum=${id}>
      <p><bdi class="sum-name">${nameById(id)}</bdi>${" "}<span class=${sum && sum.share <= 0 ? "tone-failed" : "soft"}>${sumWords(sum)}</span></p>
      ${gaps.length > 0 && html`
        <ul class="sum-gaps soft figures" role="list" aria-label=${`Gaps of ${nameById(id)}`}>
          ${gaps.slice(0, FEW_GAPS).map(({ from, to }) => html`<li key=${from}><${Instant} at=${from} isZoned=${isZoned} /> for ${lengthWords(to - from)}</li>`)}
          ${gaps.length > FEW_GAPS && html`<li>and ${count(gaps.length - FEW_GAPS, "more gap", "more gaps")}</li>`}
        </ul>
      `}
    </li>
  `;
}
