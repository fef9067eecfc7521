// Moves the queue: whenever there is room on the line, the next file goes, from where it stopped before.
import { computed, effect } from "@preact/signals";
import { announce } from "../shell/announce.js";
import { online } from "../server/reach.js";
import { session } from "../server/session.js";
import { shown } from "../words/names.js";
import { amendSoon } from "./amend.js";
import { attempt } from "./attempt.js";
import { MOVING } from "./item.js";
import { metadataOf } from "./metadata.js";
import { fileUnreadable, settle } from "./outcomes.js";
import { pieceBytes } from "./piece.js";
import { items, save, tellOf } from "./queue.js";
import { terminate } from "./remote.js";
import { sampleOf } from "./sample.js";

const AT_ONCE = 3;
const KEEP_EVERY_MS = 3000;
const TELL_EVERY_MS = 500;

/** The files that should be under way now. */
const due = computed(() => {
  if (!session.value || !online.value) return [];
  const moving = items.value.filter((item) => MOVING.includes(item.state.value)).length;
  return items.value.filter((item) => item.state.value === "queued").slice(0, Math.max(0, AT_ONCE - moving));
});

export function startCourier() {
  effect(() => {
    // Not at once: starting one changes what is due.
    if (due.value.length) queueMicrotask(() => due.peek()[0] && send(due.peek()[0]));
  });
}

async function send(item) {
  const run = (item.run = Symbol(item.id));
  const isMine = () => item.run === run;
  item.reason.value = item.problem.value = "";
  item.retryAt.value = item.bytesPerSecond.value = null;
  item.movedAt.value = Date.now();
  item.state.value = "sending";
  try {
    item.sample ||= await sampleOf(item.file);
  } catch {
    return void (isMine() && fileUnreadable(item));
  }
  await save(item);
  if (!isMine()) return;
  item.pieceBytes = pieceBytes();
  const { outcome, stop } = attempt({
    file: item.file,
    url: item.url.peek(),
    ...metadataOf(item),
    pieceBytes: item.pieceBytes,
    onBegun: (url, words) => begun(item, url, words),
    onProgress: (progress) => isMine() && moved(item, progress),
    onSent: () => isMine() && sent(item),
  });
  item.stop = stop;
  const result = await outcome;
  if (!isMine()) return;
  item.stop = null;
  await settle(item, result, isMine);
  if (isMine()) item.run = null;
}

/** The server knows the upload now; nothing of it is lost any more. */
function begun(item, url, words) {
  // Paused and resumed before the first answer was here: one upload is enough.
  if (item.url.peek() || item.isCancelled) return void terminate(url);
  item.url.value = url;
  item.wordsThere.value = words;
  save(item);
  amendSoon(item);
}

function moved(item, { bytes, bytesPerSecond }) {
  if (bytes !== item.bytes.peek()) item.movedAt.value = Date.now();
  if (bytes > (item.farthest ?? 0)) {
    item.farthest = bytes;
    item.losses = 0;
  }
  item.bytes.value = bytes;
  item.bytesPerSecond.value = bytesPerSecond;
  seldom(item, "toldAt", TELL_EVERY_MS, () => tellOf(item, "moving"));
  seldom(item, "keptAt", KEEP_EVERY_MS, () => save(item));
}

function seldom(item, at, pauseMs, act) {
  if (Date.now() - (item[at] ?? 0) < pauseMs) return;
  item[at] = Date.now();
  act();
}

function sent(item) {
  if (item.state.peek() === "saving") return;
  item.movedAt.value = Date.now();
  item.state.value = "saving";
  announce(`${shown(item.name)}: sent.`, { kind: "sent" });
}
