// Keeps the states shown true: asks about once a second, only while something shown is in motion and seen.
import { effect, signal } from "@preact/signals";
import { get, post } from "../server/api.js";
import { isInMotion } from "../words/states.js";
import { gone } from "./gone.js";
import { live } from "./list.js";
import { isUp, lookAtPlaces } from "./places.js";
import { keep, pathOf, record } from "./records.js";

const IDS_AT_ONCE = 50;
const OFTEN_MS = 1000;
const WAITING_MS = 2000;
const SELDOM_MS = 5000;

/** How many rows show each video; a row follows its video as long as it is on the page. */
const followers = signal(new Map());
let timer = null;
let asking = false;

/** Follow a video's states. Returns the function that ends it. */
export const follow = (id) => followAll([id]);

/** The same for many that are shown together. */
export function followAll(ids) {
  change(ids, 1);
  return () => change(ids, -1);
}

function change(ids, step) {
  const next = new Map(followers.peek());
  for (const id of ids) {
    const rows = (next.get(id) ?? 0) + step;
    if (rows > 0) next.set(id, rows);
    else next.delete(id);
  }
  followers.value = next;
}

/** Milliseconds until a delivery may look different; Infinity when only a person can change it. */
function restOf(delivery) {
  if (delivery.state === "parked") return SELDOM_MS;
  if (!isInMotion(delivery)) return Infinity;
  if (delivery.state === "pending" && !isUp(delivery.target)) return SELDOM_MS;
  if (delivery.state !== "pending" || !delivery.next_attempt_at) return OFTEN_MS;
  return Math.min(SELDOM_MS, Math.max(OFTEN_MS, Date.parse(delivery.next_attempt_at) - Date.now()));
}

/** The same of what is made from a video: pictures, copies, conversions. */
function restOfMedia({ status, media }) {
  const states = (media?.jobs ?? []).map((job) => job.state);
  if (states.includes("running")) return OFTEN_MS;
  if (status === "no-media-tools") return SELDOM_MS;
  return status === "processing" || states.includes("waiting") ? WAITING_MS : Infinity;
}

function restOfVideo(id) {
  const video = record(id).value;
  return video ? Math.min(restOfMedia(video), ...video.deliveries.map(restOf)) : Infinity;
}

effect(() => {
  const rest = Math.min(Infinity, ...[...followers.value.keys()].map(restOfVideo));
  clearTimeout(timer);
  if (live.value && Number.isFinite(rest)) timer = setTimeout(ask, rest);
});

async function ask() {
  if (asking || document.visibilityState !== "visible" || !live.peek()) return;
  asking = true;
  const changing = [...followers.peek().keys()].filter((id) => Number.isFinite(restOfVideo(id)));
  try {
    if (changing.some((id) => record(id).peek()?.deliveries.some((delivery) => delivery.state !== "in_progress"))) lookAtPlaces();
    for (let at = 0; at < changing.length; at += IDS_AT_ONCE) await refreshIds(changing.slice(at, at + IDS_AT_ONCE));
  } catch {
    // A lost connection is told by its own bar.
  }
  asking = false;
  // Also when no record changed: then nothing above sets the next alarm.
  followers.value = new Map(followers.peek());
}

async function refreshIds(ids) {
  const page = await get(`/api/videos/list?${new URLSearchParams({ ids: ids.join(","), limit: IDS_AT_ONCE })}`);
  page.videos.forEach(keep);
  const there = new Set(page.videos.map((video) => video.id));
  gone(ids.filter((id) => !there.has(id)));
}

/** Ask for one video anew, now. Throws the Problem. */
export const refreshVideo = (id) => refreshIds([id]);

/** Have a failed or parked delivery tried again now. Throws the Problem. */
export async function retryDelivery(id, target) {
  await post(`${pathOf(id)}/deliveries/${encodeURIComponent(target)}/retry`);
  await refreshIds([id]);
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") ask();
});
