// What a camera recorded at an instant: its segment and that segment's video; and the way to the video's second.
import { effect, signal } from "@preact/signals";
import { get } from "../server/api.js";
import { session } from "../server/session.js";
import { go } from "../shell/route.js";
import { know, record } from "../videos/records.js";
import { announce } from "../shell/announce.js";
import { isoOf, msOf } from "./moments.js";
import { stateAt } from "./sums.js";

const REST_MS = 90;
const KEPT = 400;
/** A gap is asked about again after this: recorders are late. */
const GAP_MS = 10_000;

/** Segments that were told, each with its bounds in milliseconds; by camera. */
const known = new Map();
/** {state: "recorded" | "gap" | "unknown" | "looking" | "failed", camera, at, segment, video, seconds, words} or null. */
export const moment = signal(null);

effect(() => {
  if (session.value === null) known.clear();
});

let timer = null;
let running = null;
let emptyAt = null;

const find = (camera, at) => (known.get(camera) ?? []).find(({ from, to }) => at >= from && at < to);

function remember(camera, segments) {
  const before = known.get(camera) ?? [];
  const fresh = segments.map((segment) => ({ ...segment, from: msOf(segment.start_time), to: msOf(segment.end_time) }));
  const ids = new Set(fresh.map(({ id }) => id));
  known.set(camera, [...fresh, ...before.filter(({ id }) => !ids.has(id))].slice(0, KEPT));
}

/** Look at an instant; the newest question counts. */
export function look(point) {
  clearTimeout(timer);
  if (!point) {
    running?.abort();
    moment.value = null;
    return;
  }
  const { camera, at } = point;
  const segment = find(camera, at);
  if (segment) return show(point, segment);
  const { state } = stateAt(camera, at);
  moment.value = { state: state === "gap" ? "gap" : "looking", camera, at };
  if (state !== "gap") timer = setTimeout(ask, REST_MS, point);
}

async function ask(point) {
  running?.abort();
  const mine = (running = new AbortController());
  const { camera, at } = point;
  if (emptyAt?.camera === camera && emptyAt.at === at && Date.now() - emptyAt.told < GAP_MS) return tell(point, { state: "gap" });
  try {
    const bounds = new URLSearchParams({ start: isoOf(at), end: isoOf(at + 1), limit: "2" });
    const { segments } = await get(`/api/v1/storage/segments/${encodeURIComponent(camera)}?${bounds}`, { signal: mine.signal });
    remember(camera, segments);
    const segment = find(camera, at);
    if (segment) return await show(point, segment);
    emptyAt = { ...point, told: Date.now() };
    return tell(point, { state: "gap" });
  } catch (problem) {
    if (problem.name !== "AbortError") tell(point, { state: "failed", words: problem.message });
    return undefined;
  }
}

const isCurrent = ({ camera, at }) => moment.peek()?.camera === camera && moment.peek().at === at;
const tell = (point, found) => isCurrent(point) && (moment.value = { ...point, ...found });

async function show(point, segment) {
  const id = segment.video_id ?? segment.id;
  const found = { state: "recorded", segment, seconds: secondsIn(segment, point.at) };
  moment.value = { ...point, ...found, video: record(id).peek() };
  if (await know(id)) return tell(point, { ...found, video: record(id).peek() });
  // Deleted since, or the line is gone: the next look asks anew.
  known.delete(point.camera);
  return tell(point, { state: "failed", words: "Its video could not be looked up." });
}

/** The second of the file at an instant: a file may be a little shorter or longer than its segment. */
export const secondsIn = (segment, at) => Math.max(0, (at - segment.from) / 1000);

export const videoAddress = ({ segment, seconds }) =>
  `/library?video=${encodeURIComponent(segment.video_id ?? segment.id)}&t=${Number(seconds.toFixed(3))}`;

/** Opens the video at the instant that the cursor is at. */
export async function openPointed(point) {
  if (!point) return;
  if (!isCurrent(point)) look(point);
  if (moment.peek()?.state === "looking") {
    clearTimeout(timer);
    await ask(point);
  }
  if (isCurrent(point) && moment.peek().state === "recorded") go(videoAddress(moment.peek()));
  else announce(moment.peek()?.words ?? "Nothing is recorded there.", { isAnswer: true });
}
