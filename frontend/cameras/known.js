// What the server tells of cameras: which there are, and what of the shown time each recorded.
import { computed, effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { source } from "../operations/source.js";
import { get } from "../server/api.js";
import { session } from "../server/session.js";
import { live } from "../videos/list.js";
import { shown } from "../words/names.js";
import { merged } from "./columns.js";
import { isoOf, msOf } from "./moments.js";
import { around, setSpan, span, widthOf } from "./span.js";

const SETTLE_MS = 120;
const MOST_BINS = 4000;
/** The server is asked about so many cameras in one question. */
const AT_ONCE = 50;
/** So much is asked on either side of what is shown, so that moving it shows something at once. */
const BESIDE = 0.5;
const DAY_MS = 86_400_000;
const SHORT_ID = 8;

export const cameras = source("/api/cameras");
/** Pixels of a lane's width on the page. */
export const trackWidth = signal(0);

/** Camera → {known: {from, to}, stretches | null, bins | null, binMs, segments}; one that is not in it is not known yet. */
export const lanes = signal(new Map());
export const lanesProblem = signal("");
effect(() => {
  if (session.value === null) lanes.value = new Map();
});

export const cameraList = computed(() => cameras.answer.value?.cameras ?? null);
export const cameraIds = computed(() => (cameraList.value ?? []).map((camera) => camera.camera_id));
export const nameOf = (camera) => shown(camera?.name) || `Camera ${shortOf(camera?.camera_id ?? "")}`;
export const nameById = (id) => nameOf((cameraList.value ?? []).find((camera) => camera.camera_id === id) ?? { camera_id: id });

/** As much of an id as tells it from every other camera's: ids that somebody counted up begin alike. */
function shortOf(id) {
  const others = cameraIds.value.filter((other) => other !== id);
  const isOurs = (part) => others.every((other) => !other.startsWith(part) && !other.endsWith(part));
  const [head, tail] = [id.slice(0, SHORT_ID), id.slice(-SHORT_ID)];
  if (isOurs(head)) return head;
  return isOurs(tail) ? `…${tail}` : id;
}

/** What these cameras recorded, by camera. Throws the Problem. */
export async function fetchLanes(ids, { from, to }, bins, options) {
  const pieces = Array.from({ length: Math.ceil(ids.length / AT_ONCE) }, (_, at) => ids.slice(at * AT_ONCE, (at + 1) * AT_ONCE));
  const bounds = new URLSearchParams({ start: isoOf(from), end: isoOf(to), bins });
  const told = await Promise.all(pieces.map((piece) => get(`/api/cameras/coverage?camera_id=${piece.map(encodeURIComponent).join(",")}&${bounds}`, options)));
  return new Map(told.flatMap(lanesOf));
}

function lanesOf(told) {
  const known = { from: msOf(told.start), to: msOf(told.end) };
  return told.lanes.map((lane) => [
    lane.camera_id,
    { known, segments: lane.segments, stretches: lane.stretches && merged(lane.stretches), bins: lane.bins, binMs: told.bin_seconds * 1000 },
  ]);
}

/** Whether what is known is enough to draw a span as finely as there are pixels. */
function isEnough(shownSpan, width) {
  if (!lanes.peek().size || cameraIds.peek().some((id) => !lanes.peek().has(id))) return false;
  const per = widthOf(shownSpan) / Math.max(1, width);
  return [...lanes.peek().values()].every(
    ({ known, stretches, binMs }) => known.from <= shownSpan.from && known.to >= shownSpan.to && (stretches || binMs <= per * 1.05),
  );
}

let running = null;

async function ask() {
  const [now, width, ids] = [span.peek(), trackWidth.peek(), cameraIds.peek()];
  if (!now || !width || !ids.length || !live.peek()) return;
  running?.abort();
  const mine = (running = new AbortController());
  const beside = widthOf(now) * BESIDE;
  const bins = Math.min(MOST_BINS, Math.max(1, Math.round(width * devicePixelRatio * (1 + 2 * BESIDE))));
  try {
    const told = await fetchLanes(ids, { from: Math.max(0, now.from - beside), to: now.to + beside }, bins, { signal: mine.signal });
    if (running !== mine) return;
    lanes.value = told;
    lanesProblem.value = "";
  } catch (problem) {
    // A lost connection is told by its own bar, and heals by itself.
    if (running === mine && problem.name !== "AbortError") lanesProblem.value = problem.status === 0 ? "" : problem.message;
  }
}

export async function askAgain() {
  await cameras.ask();
  ask();
}

const withTimes = () => (cameraList.peek() ?? []).filter((camera) => camera.first_at && camera.last_at);

/** The time of all recordings, or null. */
export function everything() {
  const told = withTimes();
  if (!told.length) return null;
  return { from: Math.min(...told.map(({ first_at: at }) => msOf(at))), to: Math.max(...told.map(({ last_at: at }) => msOf(at))) };
}

export const showAll = () => everything() && setSpan(around(everything()));

/** Whoever comes without a wish sees the newest day that was recorded; a camera whose clock is wrong leads no one away. */
function openAt() {
  const all = everything();
  if (span.peek() || !all) return;
  const ends = withTimes().map(({ last_at: at }) => msOf(at)).filter((at) => at < Date.now() + DAY_MS);
  const to = ends.length ? Math.max(...ends) : all.to;
  setSpan(around({ from: Math.max(all.from, to - DAY_MS), to }));
}

/** Asks for what is shown, soon after it changes. */
export function useCoverage() {
  useEffect(() => {
    let timer = null;
    const stop = effect(() => {
      const [now, width, ids] = [span.value, trackWidth.value, cameraIds.value];
      if (!ids.length) return;
      queueMicrotask(openAt);
      clearTimeout(timer);
      if (live.value && now && width && !isEnough(now, width)) timer = setTimeout(ask, SETTLE_MS);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, []);
}
