// The newest videos, below the queue: kept in step with what was just saved. All others are in the Library.
import { computed, effect, signal } from "@preact/signals";
import { get } from "../server/api.js";
import { online } from "../server/reach.js";
import { session } from "../server/session.js";
import { isUpload } from "../shell/route.js";
import { whenGone } from "./gone.js";
import { lookAtPlaces } from "./places.js";
import { keep, know } from "./records.js";

const SHOWN = 25;

/** Ids in the order shown; null before the first answer. */
export const listed = signal(null);
export const loading = signal(false);
export const listProblem = signal("");
/** The answer of storage-stats: totals, and the projects and labels in use. */
export const stats = signal(null);

let running = null;

export async function refresh() {
  running?.abort();
  const mine = (running = new AbortController());
  loading.value = true;
  try {
    const page = await get(`/api/videos/list?limit=${SHOWN}`, { signal: mine.signal });
    page.videos.forEach(keep);
    listProblem.value = "";
    listed.value = page.videos.map((video) => video.id);
    loadStats();
  } catch (problem) {
    if (problem.name !== "AbortError") listProblem.value = problem.message;
  } finally {
    if (running === mine) loading.value = false;
  }
}

/** Take a video that was just saved into the list, as its newest. */
export async function adopt(id) {
  if (!(await know(id))) return;
  if (!listed.peek()?.includes(id)) listed.value = [id, ...(listed.peek() ?? [])].slice(0, SHOWN);
  loadStats();
}

whenGone((ids) => {
  if (listed.peek()?.some((id) => ids.includes(id))) listed.value = listed.peek().filter((id) => !ids.includes(id));
});

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
  if (!live.value) return;
  // Other views show other things; of this list they need no more than the names in use.
  if (isUpload.value) queueMicrotask(refresh);
  else queueMicrotask(loadStats);
});
effect(() => {
  if (session.value === null) listed.value = null;
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && live.peek() && isUpload.peek()) refresh();
});
