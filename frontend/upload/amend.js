// Brings words written after an upload began to the server, as often as it takes.
import { effect } from "@preact/signals";
import { call } from "../server/api.js";
import { online } from "../server/reach.js";
import { session } from "../server/session.js";
import { keep, pathOf } from "../videos/records.js";
import { items, save } from "./queue.js";
import { backoffSeconds, verdict } from "./verdict.js";

const TYPING_MS = 700;

/** Words were written: keep them here at once, and bring them to the server when the fingers rest. */
export function wordsWritten(item) {
  save(item);
  item.wordsProblem.value = "";
  item.wordsLosses = 0;
  amendSoon(item);
}

export function amendSoon(item, seconds = TYPING_MS / 1000) {
  clearTimeout(item.amendTimer);
  item.amendTimer = setTimeout(() => amend(item), seconds * 1000);
}

async function amend(item) {
  if (!item.url.peek() || item.areWordsThere || item.isAmending || item.state.peek() === "elsewhere") return;
  if (!session.peek() || !online.peek()) return;
  const words = item.words.peek();
  item.isAmending = true;
  try {
    const { video } = await call("PATCH", pathOf(item.videoId), { body: JSON.parse(words) });
    if (video) keep(video);
    item.wordsThere.value = words;
    item.wordsProblem.value = "";
    item.wordsLosses = 0;
    save(item);
  } catch (problem) {
    notTaken(item, problem);
  }
  item.isAmending = false;
  // Written on meanwhile.
  if (item.words.peek() !== words) amendSoon(item);
}

function notTaken(item, problem) {
  if (problem.status === 401) return;
  const passes = problem.status === 0 || verdict(problem, { begun: false }) === "again";
  if (!passes) item.wordsProblem.value = problem.message;
  else amendSoon(item, problem.retryAfterSeconds ?? backoffSeconds((item.wordsLosses = (item.wordsLosses ?? 0) + 1)));
}

/** After a sign-in or a lost connection nobody types, and yet what was written must go. */
export function startAmending() {
  effect(() => {
    if (session.value && online.value) queueMicrotask(() => items.peek().forEach((item) => amendSoon(item)));
  });
}
