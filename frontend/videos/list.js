// The list of videos: newest first, page by page, searched, and kept in step with what was just saved.
import { computed, effect, signal } from "@preact/signals";
import { get } from "../server/api.js";
import { online } from "../server/reach.js";
import { session } from "../server/session.js";
import { announce } from "../shell/announce.js";
import { count } from "../words/sizes.js";
import { lookAtPlaces } from "./places.js";
import { keep, know } from "./records.js";

const PAGE_SIZE = 25;

/** Ids in the order shown; null before the first answer. */
export const listed = signal(null);
export const nextCursor = signal(null);
export const loading = signal(false);
export const listProblem = signal("");
/** The answer of storage-stats: totals, and the projects and labels in use. */
export const stats = signal(null);
export const query = signal(new URLSearchParams(location.search).get("q") ?? "");

let running = null;

async function fetchPage(cursor) {
  running?.abort();
  const mine = (running = new AbortController());
  loading.value = true;
  const parameters = new URLSearchParams({ limit: PAGE_SIZE });
  if (query.peek()) parameters.set("q", query.peek());
  if (cursor) parameters.set("cursor", cursor);
  try {
    const page = await get(`/api/videos/list?${parameters}`, { signal: mine.signal });
    page.videos.forEach(keep);
    listProblem.value = "";
    return { ids: page.videos.map((video) => video.id), next: page.next_cursor ?? null };
  } catch (problem) {
    if (problem.name !== "AbortError") listProblem.value = problem.message;
    return null;
  } finally {
    if (running === mine) loading.value = false;
  }
}

/** What the list shown was searched for: later pages of another search must not be joined to it. */
let listedFor = query.peek();

/** The first page anew; later pages already shown stay. */
export async function refresh() {
  const words = query.peek();
  const page = await fetchPage(null);
  if (!page) return;
  const before = listedFor === words ? (listed.peek() ?? []) : [];
  const joint = page.ids.length ? before.indexOf(page.ids.at(-1)) : -1;
  const later = joint >= 0 && page.next ? before.slice(joint + 1) : [];
  listed.value = [...page.ids, ...later];
  if (!later.length) nextCursor.value = page.next;
  if (words && listedFor !== words) announce(`${count(page.ids.length, "video")}${page.next ? " or more" : ""} found.`);
  listedFor = words;
  loadStats();
}

export async function showMore() {
  const page = await fetchPage(nextCursor.peek());
  if (!page) return;
  listed.value = [...new Set([...(listed.peek() ?? []), ...page.ids])];
  nextCursor.value = page.next;
}

/** Look for `words`; what is shown stays until the answer is here. */
export function search(words) {
  if (words === query.peek()) return;
  query.value = words;
  const address = new URL(location.href);
  if (words) address.searchParams.set("q", words);
  else address.searchParams.delete("q");
  history.replaceState(null, "", address);
  nextCursor.value = null;
  refresh();
}

/** Take a video that was just saved into the list, as its newest. */
export async function adopt(id) {
  if (!(await know(id))) return;
  if (query.peek()) refresh();
  else if (!listed.peek()?.includes(id)) listed.value = [id, ...(listed.peek() ?? [])];
  loadStats();
}

export function forget(ids) {
  if (listed.peek()?.some((id) => ids.includes(id))) listed.value = listed.peek().filter((id) => !ids.includes(id));
}

async function loadStats() {
  lookAtPlaces();
  try {
    stats.value = await get("/api/videos/storage-stats");
  } catch {
    // Totals and suggestions are a courtesy; the list itself says what is wrong.
  }
}

/** Signed in and connected: the moment to ask. */
export const live = computed(() => Boolean(session.value) && online.value);
effect(() => {
  if (live.value) queueMicrotask(refresh);
});
effect(() => {
  if (session.value === null) listed.value = null;
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && live.peek()) refresh();
});
