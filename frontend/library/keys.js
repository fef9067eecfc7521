// The keys of the Library. Single letters and signs work only while nobody types, and can be turned off.
import { signal } from "@preact/signals";
import { singleKeys } from "../parts/single-keys.js";
import { announce } from "../shell/announce.js";
import { count } from "../words/sizes.js";
import { undoLast } from "./acts.js";
import { active, activeId, countAll, focusActive, setActive } from "./active.js";
import { ids } from "./results.js";
import { closeVideo, openId, openVideo } from "./route.js";
import { clearPicked, pickAll, picked, pickedCount, stretch, toggle } from "./selection.js";
import { countShown, layout, reveal, rowsOnPage } from "./sight.js";

export const keysShown = signal(false);

const withCommand = (event) => event.ctrlKey || event.metaKey;
export const isTyping = (element) => Boolean(element?.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]"));

const MOVES = {
  ArrowLeft: () => -1,
  ArrowRight: () => 1,
  ArrowUp: () => -layout.peek().columns,
  ArrowDown: () => layout.peek().columns,
  PageUp: () => -layout.peek().columns * rowsOnPage(),
  PageDown: () => layout.peek().columns * rowsOnPage(),
  Home: () => -Infinity,
  End: () => Infinity,
};

/** Keys on the grid itself. */
export function onKey(event) {
  if (event.altKey || event.defaultPrevented) return;
  if (act(event)) event.preventDefault();
}

function act(event) {
  if (event.key in MOVES) return !withCommand(event) && move(MOVES[event.key](), event.shiftKey);
  const id = activeId.peek();
  if (event.key === "a" && withCommand(event)) return selectAll();
  if (event.key === "Escape") return escape();
  if (!id) return false;
  if (event.key === " ") return withCommand(event) ? pick(id) : play(event, id);
  if (withCommand(event) || event.shiftKey) return false;
  // On a link or a tick, Enter is theirs.
  if (event.key === "Enter") return event.target.matches('[role="gridcell"]') && (openVideo(id), true);
  if (!singleKeys.peek()) return false;
  if (event.key.toLowerCase() === "x") return pick(id);
  if (event.key === "," || event.key === ".") return scrub(event.target, event.key === "." ? 1 : -1);
  return false;
}

function play(event, id) {
  if (event.target.matches("input")) return false;
  if (id !== openId.peek() || !playOrPause()) openVideo(id, { play: true });
  return true;
}

/** Of the video that is open already. Returns whether there was something to play. */
function playOrPause() {
  const media = document.querySelector(".library-details :is(video, audio)");
  if (!media) return false;
  // Why it does not play is told by the player.
  if (media.paused) media.play().catch(() => {});
  else media.pause();
  return true;
}

function pick(id) {
  toggle(id);
  answer(`${picked.peek().has(id) ? "Selected" : "Not selected"}. ${count(pickedCount.peek(), "video")} in all.`);
  return true;
}

const answer = (words) => announce(words, { isAnswer: true });

function scrub(element, by) {
  element.closest('[role="gridcell"]')?.dispatchEvent(new CustomEvent("scrub", { detail: by }));
  return true;
}

function move(by, isStretching) {
  const from = active.peek();
  const last = countShown.peek() - 1;
  if (last < 0) return false;
  let to = from + by;
  // One row up or down from the edge stays where it is; ends and pages go as far as there is.
  if (Math.abs(by) === layout.peek().columns && Math.abs(by) > 1 && (to < 0 || (to > last && isLastRow(from, last)))) return true;
  to = Math.min(last, Math.max(0, to));
  const list = ids.peek();
  if (isStretching && list[from] && list[to]) {
    stretch(list[from], list[to]);
    answer(`${count(pickedCount.peek(), "video")} selected.`);
  }
  setActive(to);
  reveal(to);
  focusActive();
  return true;
}

const isLastRow = (index, last) => Math.floor(index / layout.peek().columns) === Math.floor(last / layout.peek().columns);

function selectAll() {
  pickAll();
  const loaded = pickedCount.peek();
  const all = countAll.peek();
  answer(loaded < all ? `${count(loaded, "video")} selected, of ${all.toLocaleString("en-GB")}: the others are not loaded yet.` : `All ${count(loaded, "video")} selected.`);
  return true;
}

/** Esc takes back the last thing first: the open video, then the selection. */
function escape() {
  if (openId.peek()) closeVideo();
  else if (pickedCount.peek()) clearPicked();
  else return false;
  return true;
}

/** Ctrl + Z, except where it takes back what is being written. */
function isUndo(event) {
  if (!withCommand(event) || event.key !== "z" || event.shiftKey || event.altKey || event.defaultPrevented) return false;
  return !isTyping(event.target) && !document.querySelector("dialog[open]");
}

/** Keys that work all over the Library: search and help. Returns the function that ends it. */
export function listenForSigns(searchField) {
  const handle = (event) => {
    if (isUndo(event)) {
      if (undoLast()) event.preventDefault();
      return;
    }
    if (!singleKeys.peek() || withCommand(event) || event.altKey || event.defaultPrevented) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const isHere = event.target === document.body || event.target.closest?.("[data-library]");
    if (!isHere || !["/", "?"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "/") searchField.current?.focus();
    else keysShown.value = true;
  };
  document.addEventListener("keydown", handle);
  return () => document.removeEventListener("keydown", handle);
}
