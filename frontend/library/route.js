// The Library's part of the address: filters, the way it is drawn, and the open video.
import { computed, signal } from "@preact/signals";
import { LIBRARY, go, isLibrary, place } from "../shell/route.js";
import { readFilters, writeFilters } from "./query.js";

const KEY = "holdfast.library-view";
const VIEWS = ["grid", "list"];

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

const chosen = signal(VIEWS.includes(remembered()) ? remembered() : "grid");
const parameters = computed(() => new URLSearchParams(isLibrary.value ? place.value.search : ""));
/** As text, so that opening a video is no change of the filters. */
const filterText = computed(() => writeFilters(readFilters(parameters.value)).toString());

export const filters = computed(() => readFilters(filterText.value));
export const openId = computed(() => (isLibrary.value && parameters.value.get("video")) || null);
export const view = computed(() => (VIEWS.includes(parameters.value.get("view")) ? parameters.value.get("view") : chosen.value));
/** The second at which the open video is to stand at first; 0 is its start. */
export const openAt = computed(() => Math.max(0, Number(parameters.value.get("t")) || 0));
/** Whether the open video is to start by itself. */
export const playNow = signal(false);

function address(change) {
  const next = new URLSearchParams(parameters.peek());
  change(next);
  const text = next.toString();
  return text ? `${LIBRARY}?${text}` : LIBRARY;
}

function withoutVideo(parameters) {
  parameters.delete("video");
  parameters.delete("t");
  return parameters;
}

export const filterAddress = (wanted) => address((next) => withoutVideo(writeFilters(wanted, next)));
export const videoAddress = (id) => address((next) => withoutVideo(next).set("video", id));

/** `replace`: while somebody types, each letter is no step of its own. */
export const setFilters = (wanted, { replace = false } = {}) => go(filterAddress(wanted), { replace });

export function setView(wanted) {
  chosen.value = wanted;
  try {
    localStorage.setItem(KEY, wanted);
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
  go(address((next) => next.set("view", wanted)), { replace: true, state: history.state });
}

/** Show a video's details. From one open video to the next is no step of its own: back closes. */
export function openVideo(id, { play = false } = {}) {
  playNow.value = play;
  if (openId.peek() === id) return;
  const isNext = Boolean(openId.peek());
  go(videoAddress(id), { replace: isNext, state: isNext ? history.state : { opened: true } });
}

/** Where the video was opened here, closing is a step back; else (a link from elsewhere) there is no such step. */
export function closeVideo() {
  if (!openId.peek()) return;
  playNow.value = false;
  if (history.state?.opened) history.back();
  else go(address(withoutVideo), { replace: true });
}
