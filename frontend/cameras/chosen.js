// What is marked: a range of time, and the cameras that are ticked; and where one points, by pointer or by keys.
import { computed, effect, signal } from "@preact/signals";
import { session } from "../server/session.js";
import { span } from "./span.js";

/** {from, to} in milliseconds, or null. */
export const mark = signal(null);
/** Ids of the ticked cameras, in the order of the lanes as far as those are known. */
export const ticked = signal([]);
/** {camera, at}: under the pointer; null elsewhere. */
export const hover = signal(null);
/** {camera, at}: where a press or the keys went, and its picture stays. */
export const cursor = signal(null);
/** The camera whose lane the keys move. */
export const activeCamera = signal(null);
/** What dragging over a lane does: "mark" or "move". */
export const dragging = signal(matchMedia("(pointer: coarse)").matches ? "move" : "mark");

export const pointed = computed(() => hover.value ?? cursor.value);
export const isTicked = (id) => ticked.value.includes(id);
export const setTicked = (id, isOn) => (ticked.value = isOn ? [...ticked.peek().filter((each) => each !== id), id] : ticked.peek().filter((each) => each !== id));

/** Between two instants, whichever comes first, on whole seconds; null when that leaves nothing. */
export function between(one, two) {
  const [from, to] = [Math.min(one, two), Math.max(one, two)].map((at) => Math.round(at / 1000) * 1000);
  return to > from ? { from, to } : null;
}

effect(() => {
  if (session.value !== null) return;
  mark.value = hover.value = cursor.value = activeCamera.value = span.value = null;
  ticked.value = [];
});
