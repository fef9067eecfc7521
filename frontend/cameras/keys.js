// The keys of this view. Single letters and signs work only while nobody types, and can be turned off.
import { signal } from "@preact/signals";
import { singleKeys } from "../parts/single-keys.js";
import { announce } from "../shell/announce.js";
import { activeCamera, between, cursor, dragging, isTicked, mark, setTicked, ticked } from "./chosen.js";
import { openExport } from "./draft.js";
import { tellMark } from "./gestures.js";
import { cameraIds, lanes, nameById, showAll } from "./known.js";
import { openPointed } from "./moment.js";
import { instantWords } from "./sums.js";
import { instantAt, moveBy, movedTo, setSpan, showing, span, widthOf, zoomBy } from "./span.js";

export const keysShown = signal(false);

const ZOOM = 1.6;
const STEPS = 60;
const withCommand = (event) => event.ctrlKey || event.metaKey || event.altKey;
const isTyping = (element) => Boolean(element?.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]"));
const answer = (words) => announce(words, { isAnswer: true });

/** A lane that gets the focus by keys has its cursor in what is shown. */
export function focusLane({ currentTarget }) {
  const camera = currentTarget.dataset.track;
  activeCamera.value = camera;
  if (!currentTarget.matches(":focus-visible") || !span.peek()) return;
  const before = cursor.peek()?.at;
  const isSeen = before >= span.peek().from && before <= span.peek().to;
  cursor.value = { camera, at: isSeen ? before : instantAt(span.peek(), 0.5) };
}

const place = () => cursor.peek() ?? { camera: activeCamera.peek() ?? cameraIds.peek()[0], at: instantAt(span.peek(), 0.5) };

function put(at, camera = place().camera) {
  setSpan(showing(span.peek(), at));
  cursor.value = { camera, at };
}

function step(by, isMarking) {
  const { camera, at } = place();
  const second = 1000;
  const size = Math.max(second, Math.round(widthOf(span.peek()) / STEPS / second) * second);
  const to = (by > 0 ? Math.floor(at / second + 1e-6) : Math.ceil(at / second - 1e-6)) * second + by * size;
  if (isMarking) {
    const start = mark.peek() && [mark.peek().from, mark.peek().to].find((end) => Math.abs(end - at) < second);
    const fixed = start === undefined || start === null ? at : start === mark.peek().from ? mark.peek().to : mark.peek().from;
    mark.value = between(fixed, to);
    if (!isTicked(camera)) setTicked(camera, true);
  }
  put(to);
}

function toLane(by) {
  const ids = cameraIds.peek();
  const { camera, at } = place();
  const next = ids[Math.min(ids.length - 1, Math.max(0, ids.indexOf(camera) + by))];
  activeCamera.value = next;
  cursor.value = { camera: next, at };
  requestAnimationFrame(() => document.querySelector(`[data-track="${CSS.escape(next)}"]`)?.focus());
}

/** To where recording begins or ends next, as far as that is known. */
function toEdge(by) {
  const { camera, at } = place();
  const edges = (lanes.peek().get(camera)?.stretches ?? []).flatMap(({ from, to }) => [from, to]).sort((one, two) => one - two);
  const next = by > 0 ? edges.find((edge) => edge > at + 1) : edges.findLast((edge) => edge < at - 1);
  if (next === undefined) return answer("No more is known in that direction.");
  put(next);
}

/** The end of what the camera recorded in what is known. */
function toEnd(isLast) {
  const stretches = lanes.peek().get(place().camera)?.stretches;
  if (!stretches?.length) return put(isLast ? span.peek().to - 1 : span.peek().from);
  put(isLast ? stretches.at(-1).to - 1 : stretches[0].from);
}

export const showNow = () => span.peek() && setSpan(movedTo(span.peek(), Date.now(), 0.95));

function markEnd(isStart) {
  const { camera, at } = place();
  const other = mark.peek()?.[isStart ? "to" : "from"] ?? (isStart ? at + widthOf(span.peek()) / 10 : at - widthOf(span.peek()) / 10);
  const isTurned = isStart ? other <= at : other >= at;
  mark.value = between(at, isTurned ? at + ((isStart ? 1 : -1) * widthOf(span.peek())) / 10 : other);
  if (!ticked.peek().length) setTicked(camera, true);
  tellMark();
}

const ON_LANE = {
  ArrowLeft: (event) => step(-1, event.shiftKey),
  ArrowRight: (event) => step(1, event.shiftKey),
  ArrowUp: () => toLane(-1),
  ArrowDown: () => toLane(1),
  PageUp: () => turn(-0.8),
  PageDown: () => turn(0.8),
  Home: () => toEnd(false),
  End: () => toEnd(true),
  Enter: () => openPointed(cursor.peek()),
};
const SINGLE_ON_LANE = {
  ",": () => toEdge(-1),
  ".": () => toEdge(1),
  "[": () => markEnd(true),
  "]": () => markEnd(false),
  x: () => {
    const { camera } = place();
    setTicked(camera, !isTicked(camera));
    answer(`${nameById(camera)} ${isTicked(camera) ? "chosen" : "not chosen"}.`);
  },
};

function turn(share) {
  moveBy(share);
  cursor.value = { ...place(), at: place().at + share * widthOf(span.peek()) };
}

export function onLaneKey(event) {
  if (withCommand(event) || event.defaultPrevented || !span.peek()) return;
  const act = ON_LANE[event.key] ?? (singleKeys.peek() && SINGLE_ON_LANE[event.key.toLowerCase()]);
  if (!act) return;
  event.preventDefault();
  act(event);
}

const EVERYWHERE = {
  "+": () => zoomBy(1 / ZOOM, seenCursor()),
  "=": () => zoomBy(1 / ZOOM, seenCursor()),
  "-": () => zoomBy(ZOOM, seenCursor()),
  n: () => showNow(),
  a: () => showAll(),
  m: () => {
    dragging.value = dragging.peek() === "mark" ? "move" : "mark";
    answer(`Dragging over a lane ${dragging.peek() === "mark" ? "marks" : "moves"} now.`);
  },
  e: () => openExport(),
  "?": () => (keysShown.value = true),
};

/** Zooming by keys keeps the cursor where it is, if it is seen. */
function seenCursor() {
  const at = cursor.peek()?.at;
  return at >= span.peek()?.from && at <= span.peek()?.to ? at : undefined;
}

export const zoomIn = () => EVERYWHERE["+"]();
export const zoomOut = () => EVERYWHERE["-"]();

function escape() {
  if (cursor.peek()) cursor.value = null;
  else if (mark.peek()) mark.value = null;
  else return false;
  return true;
}

/** Keys that work all over this view. Returns the function that ends it. */
export function listenForSigns() {
  const handle = (event) => {
    if (withCommand(event) || event.defaultPrevented || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (event.target !== document.body && !event.target.closest?.("[data-cameras]")) return;
    if (event.key === "Escape") return escape() && event.preventDefault();
    const act = singleKeys.peek() && EVERYWHERE[event.key.toLowerCase()];
    if (!act) return undefined;
    event.preventDefault();
    return act();
  };
  document.addEventListener("keydown", handle);
  return () => document.removeEventListener("keydown", handle);
}

/** What an instant is, said aloud when the picture there is shown. */
export const cursorWords = () => cursor.value && `${nameById(cursor.value.camera)}, ${instantWords(cursor.value.camera, cursor.value.at)}`;
