// Cancelling a file: for a while it can be taken back; then the server throws away what it has of it.
import { signal } from "@preact/signals";
import { announce } from "../shell/announce.js";
import { online } from "../server/reach.js";
import { session } from "../server/session.js";
import { shown } from "../words/names.js";
import { enlist, forget, letGo, save, unlist } from "./queue.js";
import { terminate } from "./remote.js";
import { drop, put, records } from "./store.js";
import { tell } from "./tabs.js";

const UNDO_MS = 20_000;
const AGAIN_MS = 1000;

/** The file cancelled last, as long as that can be taken back. */
export const undoable = signal(null);
let undoTimer = null;

/** Stop what is under way for an item, without a word about it. */
export function interrupt(item) {
  clearTimeout(item.retryTimer);
  item.run = null;
  item.stop?.();
  item.stop = null;
}

export function cancel(item) {
  interrupt(item);
  item.isCancelled = true;
  if (!item.file || !item.bytes.peek()) return cancelForGood(item);
  endUndo();
  unlist(item);
  remember(item);
  undoable.value = item;
  undoTimer = setTimeout(endUndo, UNDO_MS);
  announce(`${shown(item.name)} cancelled. It can be taken back.`);
}

export function undo() {
  const item = undoable.peek();
  clearTimeout(undoTimer);
  undoable.value = null;
  item.isCancelled = false;
  item.problem.value = "";
  item.state.value = "queued";
  enlist([item]);
  save(item);
}

function endUndo() {
  clearTimeout(undoTimer);
  const item = undoable.peek();
  undoable.value = null;
  if (item) cancelForGood(item);
}

export async function cancelForGood(item) {
  interrupt(item);
  item.isCancelled = true;
  if (!item.url.peek()) return forget(item);
  unlist(item);
  letGo(item);
  await remember(item);
  throwAway(item.id, item.url.peek());
}

/** Until the server has heard of it, this browser remembers to tell it. */
async function remember({ id, person, url }) {
  await put({ id, person, state: "cancelled", url: url.peek() });
  tell({ kind: "changed", id });
}

async function throwAway(id, url, wait = AGAIN_MS) {
  if (!url || (await terminate(url))) return drop(id);
  // The server may still be at work on the bytes that were cut off just now.
  if (online.peek() && session.peek()) setTimeout(() => throwAway(id, url, wait * 2), wait);
}

/** What was cancelled while the server was out of reach, or as the page was closed. */
export async function tellCancelled() {
  const person = session.peek()?.user?.name;
  for (const { id, url, state, person: whose } of await records()) {
    if (state === "cancelled" && whose === person && id !== undoable.peek()?.id) throwAway(id, url);
  }
}
