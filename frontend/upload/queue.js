// The queue: which files wait, which two are on their way, and what happens after each outcome.
import { computed, effect, signal } from "@preact/signals";
import { announce } from "../shell/announce.js";
import { online, probe } from "../server/reach.js";
import { limits, session, sessionEnded } from "../server/session.js";
import { adopt } from "../videos/list.js";
import { shown } from "../words/names.js";
import { count, digestOf, percent, shortDigest } from "../words/sizes.js";
import { refusal, stillReadable } from "./checks.js";
import { Item, UNSENT } from "./item.js";
import { transfer } from "./transfer.js";

const AT_ONCE = 2;
const MAX_LOSSES = 5;
const LONGEST_WAIT_SECONDS = 60;
/** Answers that pass by themselves: the server is busy or restarting, or the body reached it cut short. */
const PASSING = [408, 425, 429, 502, 503, 504];
const CUT_SHORT = "incomplete-body";

export const items = signal([]);
export const unsent = computed(() => items.value.filter((item) => UNSENT.includes(item.state.value)));
const onTheirWay = () => items.peek().filter((item) => ["sending", "saving"].includes(item.state.peek()));

/** Add chosen files. `hold` keeps them back until `release`, so that words can be written first. */
export function add(files, { project, label, tags, hold }) {
  const known = unsent.peek();
  const fresh = files.filter((file) => !known.some((item) => item.isSameAs(file, project)));
  const made = fresh.map((file) => new Item(file, { project, label, tags }));
  for (const item of made) {
    const words = refusal(item.file, limits.peek());
    item.problem.value = words;
    item.state.value = words ? "refused" : hold ? "held" : "queued";
  }
  items.value = [...items.peek(), ...made];
  tellAdded(made, files.length - fresh.length);
  pump();
}

function tellAdded(made, again) {
  const refused = made.filter((item) => item.state.peek() === "refused");
  const taken = made.length - refused.length;
  if (taken) announce(`${count(taken, "file")} added to the queue.`);
  if (again) announce(`${count(again, "file")} already in the queue.`);
  for (const item of refused) announce(item.problem.peek());
}

export function release() {
  for (const item of items.peek()) if (item.state.peek() === "held") item.state.value = "queued";
  pump();
}

/** Keep a file that waits for its turn back, so that its words can be written in peace. */
export function holdBack(item) {
  if (item.state.peek() === "queued") item.state.value = "held";
}

export function cancel(item) {
  item.cancelTransfer?.();
  items.value = items.peek().filter((other) => other !== item);
  pump();
}

export function retry(item) {
  item.losses = 0;
  requeue(item);
}

export function clearSaved() {
  items.value = items.peek().filter((item) => item.state.peek() !== "saved");
}

function requeue(item) {
  clearTimeout(item.retryTimer);
  item.problem.value = "";
  item.retryAt.value = null;
  item.bytes.value = 0;
  item.state.value = "queued";
  pump();
}

function pump() {
  if (!session.peek() || !online.peek()) return;
  const waiting = items.peek().filter((item) => item.state.peek() === "queued");
  for (const item of waiting.slice(0, AT_ONCE - onTheirWay().length)) start(item);
}

async function start(item) {
  item.state.value = "sending";
  item.locked.value = true;
  item.bytes.value = 0;
  item.bytesPerSecond.value = null;
  item.movedAt.value = Date.now();
  const { outcome, cancel: stop } = transfer({
    file: item.file,
    fields: item.fields,
    key: item.key,
    onProgress({ bytes, bytesPerSecond }) {
      if (bytes > item.bytes.peek()) item.movedAt.value = Date.now();
      item.bytes.value = bytes;
      item.bytesPerSecond.value = bytesPerSecond;
    },
    onSent() {
      item.bytes.value = item.size;
      item.movedAt.value = Date.now();
      item.state.value = "saving";
      announce(`${shown(item.name)}: sent.`);
    },
  });
  item.cancelTransfer = stop;
  const result = await outcome;
  item.cancelTransfer = null;
  if (items.peek().includes(item)) await settle(item, result);
  pump();
}

async function settle(item, { kind, answer, problem }) {
  if (kind === "saved") saved(item, answer);
  else if (kind === "refused") refused(item, problem);
  else if (kind === "lost") await lostConnection(item);
}

function saved(item, answer) {
  item.saved.value = answer;
  item.state.value = "saved";
  announce(`${shown(item.name)}: saved, digest ${shortDigest(digestOf(answer))}.`);
  if (answer.video_id) adopt(answer.video_id);
}

function refused(item, problem) {
  if (problem.status === 401) {
    wait(item, "You were signed out. It is sent again, from the start, once you are back.", null);
    sessionEnded();
  } else if (PASSING.includes(problem.status) || problem.code === CUT_SHORT) {
    const seconds = problem.retryAfterSeconds ?? backoff(++item.losses);
    wait(item, problem.message, seconds);
  } else {
    if (problem.status < 500) item.startAfresh();
    fail(item, problem.message);
  }
}

async function lostConnection(item) {
  const reached = item.state.peek() === "saving" ? "after everything was sent" : `at ${percent(item.bytes.peek(), item.size)} %`;
  if (!(await stillReadable(item.file))) {
    fail(item, `“${shown(item.name)}” cannot be read any more: it was moved or changed after you chose it. Cancel it here and choose it again.`);
    return;
  }
  item.losses += 1;
  const reachable = await probe();
  if (reachable && item.losses >= MAX_LOSSES) {
    fail(item, `The connection broke ${item.losses} times, last ${reached}, though the server answers. Something on the way cuts long uploads: try another network, or tell an operator. Nothing of it was kept.`);
    return;
  }
  wait(item, `Connection lost ${reached}. It is sent again by itself, from the start: this way of sending cannot pick up in the middle.`, reachable ? backoff(item.losses) : null);
}

const backoff = (times) => Math.min(LONGEST_WAIT_SECONDS, 2 ** times);

/** Let `item` rest; `seconds` null means until the connection or the sign-in is back. */
function wait(item, words, seconds) {
  item.problem.value = words;
  item.retryAt.value = seconds === null ? null : Date.now() + seconds * 1000;
  item.state.value = "waiting";
  announce(`${shown(item.name)}: ${words}`);
  if (seconds !== null) item.retryTimer = setTimeout(() => item.state.peek() === "waiting" && requeue(item), seconds * 1000);
}

function fail(item, words) {
  item.problem.value = words;
  item.state.value = "failed";
  announce(`${shown(item.name)}: ${words}`);
}

// Connection or sign-in is back: what waited for it goes on.
effect(() => {
  if (!session.value || !online.value) return;
  queueMicrotask(() => {
    for (const item of items.peek()) if (item.state.peek() === "waiting" && item.retryAt.peek() === null) requeue(item);
    pump();
  });
});

window.addEventListener("beforeunload", (event) => {
  if (unsent.peek().length) event.preventDefault();
});
