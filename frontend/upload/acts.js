// What a person can do with the queue: pause, resume, retry, cancel, for one file and for all.
import { effect } from "@preact/signals";
import { announce } from "../shell/announce.js";
import { online } from "../server/reach.js";
import { notice, session } from "../server/session.js";
import { count } from "../words/sizes.js";
import { stoppedBySignOut } from "../words/uploads.js";
import { PAUSABLE } from "./item.js";
import { goOn, waitForSignIn } from "./outcomes.js";
import { items, moving, save } from "./queue.js";
import { cancelForGood, interrupt, tellCancelled } from "./cancel.js";

const inState = (...states) => items.peek().filter((item) => states.includes(item.state.peek()));

export function pause(item) {
  interrupt(item);
  item.problem.value = "";
  item.state.value = "paused";
  save(item);
}

/** Go on, from where it stopped. */
export function resume(item) {
  item.losses = item.restarts = 0;
  item.problem.value = "";
  goOn(item);
  save(item);
}

/** Files held back until their words are written. */
export function release() {
  for (const item of inState("held")) resume(item);
}

export const CANCELLABLE = ["held", "paused", "failed", "needs", ...PAUSABLE];

export const pauseAll = () => told(inState(...PAUSABLE), pause, "paused");
export const resumeAll = () => told(inState("paused"), resume, "resumed");
export const retryAll = () => told(inState("failed"), resume, "tried again");
export const cancelAll = () => told(inState(...CANCELLABLE), cancelForGood, "cancelled");

function told(list, act, what) {
  list.forEach(act);
  if (list.length) announce(`${count(list.length, "file")} ${what}.`);
}

/** Signed out, by a press or by the server: nothing goes on being sent for somebody who believes to be gone. */
function stopForSignOut() {
  const stopped = moving();
  for (const item of stopped) {
    interrupt(item);
    waitForSignIn(item);
  }
  if (stopped.length) notice.value = `${notice.peek()} ${stoppedBySignOut(count(stopped.length, "file"))}`.trim();
}

/** Connection or sign-in is back: what waited for it goes on, and what was cancelled meanwhile is told to the server. */
export function startHealing() {
  effect(() => {
    if (session.value === null) queueMicrotask(stopForSignOut);
  });
  effect(() => {
    if (!session.value || !online.value) return;
    queueMicrotask(() => {
      for (const item of inState("waiting")) if (item.retryAt.peek() === null) goOn(item);
      tellCancelled();
    });
  });
  addEventListener("online", () => inState("waiting").filter((item) => item.retryAt.peek() !== null).forEach(goOn));
}
