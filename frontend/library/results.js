// What the filters found: ids in the server's order, loaded page by page ahead of the eye, kept for the way back.
import { batch, computed, effect, signal } from "@preact/signals";
import { get } from "../server/api.js";
import { session } from "../server/session.js";
import { announce } from "../shell/announce.js";
import { isLibrary } from "../shell/route.js";
import { askForFacets } from "../videos/facets.js";
import { whenGone } from "../videos/gone.js";
import { live } from "../videos/list.js";
import { keep } from "../videos/records.js";
import { count } from "../words/sizes.js";
import { canMatch, toServer } from "./query.js";
import { filters } from "./route.js";

const FIRST_PAGE = 60;
const PAGE = 200;
/** How far ahead of what is seen the list is loaded. */
const AHEAD = 120;
const KEPT_SETS = 6;

/** Ids in the order shown; null before the first answer. */
export const ids = signal(null);
/** All that match; null while the server did not say. */
export const total = signal(null);
/** Whether there are so many, or at least so many: the server counts a large list no further than it must. */
export const isExact = signal(true);
export const next = signal(null);
/** True while what is shown was found by older filters: nobody looked yet with those that are set. */
export const changing = signal(false);
export const problem = signal("");
/** True once the server said that nothing at all is there, whatever the filters. */
export const key = computed(() => toServer(filters.value).toString());

/** Results of filters that were left, for the way back. */
const sets = new Map();
let shownKey = null;
let running = null;
let wanted = 0;
let isPumping = false;

export async function fetchPage(extra, signal) {
  const page = await get(`/api/videos/list?${key.peek()}&${new URLSearchParams(extra)}`, { signal });
  page.videos.forEach(keep);
  return { ...page, ids: page.videos.map((video) => video.id) };
}

effect(() => {
  const asked = key.value;
  live.value;
  if (isLibrary.value && session.value) queueMicrotask(() => asked === key.peek() && show(asked));
});
effect(() => {
  if (live.value || !isLibrary.value) return;
  running?.abort();
});

function show(asked) {
  if (changing.peek()) running?.abort();
  if (asked === shownKey) {
    changing.value = false;
    return pump();
  }
  stash();
  const known = sets.get(asked);
  if (known) {
    shownKey = asked;
    take(known);
    return pump();
  }
  if (!canMatch(filters.peek())) {
    running?.abort();
    shownKey = asked;
    return take({ ids: [], total: 0, next: null });
  }
  if (live.peek()) return load();
  changing.value = shownKey !== null;
}

function stash() {
  if (shownKey === null || ids.peek() === null) return;
  sets.delete(shownKey);
  sets.set(shownKey, { ids: ids.peek(), total: total.peek(), isExact: isExact.peek(), next: next.peek() });
  if (sets.size > KEPT_SETS) sets.delete(sets.keys().next().value);
}

function take(found) {
  stand(found);
  changing.value = false;
  problem.value = "";
  wanted = 0;
  stood.clear();
}

/** All at once: who stands at the end must not be moved to the end of a list that is told as long as what is loaded. */
function stand(found) {
  batch(() => {
    ids.value = found.ids;
    total.value = found.total;
    isExact.value = found.isExact ?? true;
    next.value = found.next;
  });
}

/** The first page anew; what was shown stays until the answer is here. */
export async function load() {
  running?.abort();
  const mine = (running = new AbortController());
  const asked = key.peek();
  const isOther = shownKey !== null && asked !== shownKey;
  changing.value = isOther;
  try {
    const page = await fetchPage({ limit: FIRST_PAGE, total: 1 }, mine.signal);
    if (asked !== key.peek()) return;
    shownKey = asked;
    take({ ids: page.ids, total: page.total ?? null, isExact: page.total_is_exact ?? true, next: page.next_cursor ?? null });
    if (isOther) announce(found());
    pump();
  } catch (trouble) {
    if (running !== mine || trouble.name === "AbortError") return;
    problem.value = trouble.message;
  }
}

function found() {
  if (total.peek() !== null) return `${isExact.peek() ? "" : "At least "}${count(total.peek(), "video")} found.`;
  return `${count(ids.peek().length, "video")}${next.peek() ? " or more" : ""} found.`;
}

/** Have the list loaded at least as far as `index`. */
export function need(index) {
  wanted = index;
  pump();
}

async function pump() {
  if (isPumping || !live.peek() || !next.peek() || shownKey !== key.peek() || wanted + AHEAD < ids.peek().length) return;
  isPumping = true;
  const mine = (running = new AbortController());
  const cursor = next.peek();
  try {
    const page = await fetchPage({ limit: PAGE, cursor }, mine.signal);
    if (cursor === next.peek()) {
      const all = [...new Set([...ids.peek(), ...page.ids])];
      const isLast = !page.next_cursor;
      // Some came and went while the pages did. All pages are here: what they held is what there is.
      stand({ ids: all, total: isLast && total.peek() !== null ? all.length : total.peek(), isExact: isLast || isExact.peek(), next: page.next_cursor ?? null });
      problem.value = "";
    }
  } catch (trouble) {
    isPumping = false;
    if (trouble.name !== "AbortError") problem.value = trouble.message;
    return;
  }
  isPumping = false;
  pump();
}

/** What was loaded is asked for once more and put in place at once: others changed what stands in its middle.
 * `without`: those that wait to be shown. */
export async function catchUp(without = []) {
  const before = ids.peek();
  if (isPumping || changing.peek() || !before) return;
  const asked = key.peek();
  let found = [];
  let page = null;
  do {
    const more = page ? { cursor: page.next_cursor } : { total: 1 };
    page = { total: page?.total ?? null, total_is_exact: page?.total_is_exact ?? true, ...(await fetchPage({ limit: PAGE, ...more })) };
    found = [...new Set([...found, ...page.ids])];
    // What was done here meanwhile is newer than this answer.
    if (asked !== key.peek() || ids.peek() !== before) return;
  } while (page.next_cursor && found.length < before.length);
  const shown = found.filter((id) => !without.includes(id));
  const isAll = !page.next_cursor;
  stand({ ids: shown, total: isAll ? shown.length : page.total - (found.length - shown.length), isExact: isAll || page.total_is_exact, next: page.next_cursor ?? null });
}

/** Take what went wrong up again. */
export const tryAgain = () => (shownKey === key.peek() ? pump() : load());

/** Put videos that are new to the list at its top. */
export function putFirst(fresh) {
  const before = ids.peek() ?? [];
  const really = fresh.filter((id) => !before.includes(id));
  ids.value = [...really, ...before];
  if (total.peek() !== null) total.value += really.length;
}

/** Where videos stood that were taken off the list. */
const stood = new Map();

/** Take videos off the list. */
export function drop(away) {
  const off = new Set(away);
  for (const set of sets.values()) {
    const left = set.ids.filter((id) => !off.has(id));
    if (set.total !== null) set.total -= set.ids.length - left.length;
    set.ids = left;
  }
  const before = ids.peek() ?? [];
  for (const [index, id] of before.entries()) if (off.has(id)) stood.set(id, index);
  const left = before.filter((id) => !off.has(id));
  if (left.length === before.length) return;
  ids.value = left;
  if (total.peek() !== null) total.value -= before.length - left.length;
}

/** Put them back where they stood. */
export function putBack(back) {
  const list = [...(ids.peek() ?? [])];
  const places = back.filter((id) => stood.has(id) && !list.includes(id)).sort((one, two) => stood.get(one) - stood.get(two));
  for (const id of places) list.splice(stood.get(id), 0, id);
  ids.value = list;
  if (total.peek() !== null) total.value += places.length;
  // Other lists may have had them too; they are asked for anew.
  sets.clear();
  if (places.length < back.length) load();
}

/** Another person may see other videos. */
function forgetAll() {
  running?.abort();
  sets.clear();
  shownKey = null;
  take({ ids: null, total: null, next: null });
}
effect(() => {
  if (session.value === null) queueMicrotask(forgetAll);
});

whenGone(drop);

effect(() => {
  // When the number of videos changes, so does what there is to filter by.
  total.value;
  if (live.value && isLibrary.value) askForFacets();
});
