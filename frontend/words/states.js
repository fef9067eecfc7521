// What a delivery's state on the wire is called, shaped and coloured on the page, and what is said about it.
import { count, percent } from "./sizes.js";
import { until } from "./times.js";

/** States in which the server is at work or will be soon; the page asks again while one is shown. */
const IN_MOTION = ["pending", "in_progress", "damaged", "deleting"];
export const isInMotion = (delivery) => IN_MOTION.includes(delivery.state) && !isLost(delivery);
/** Whether a damaged copy was the last one: there is nothing to send again. */
const isLost = ({ state, error_code: code }) => state === "damaged" && code === "no-copy-left";
/** Whether there was nothing right to send: the server's own copy is damaged or gone, and no target is to blame. */
const heldUp = ({ state, error_code: code }) => ["failed", "pending"].includes(state) && (code === "local-damage" || code === "local-missing");
/** Whether trying again by hand makes sense: it will not happen by itself, or only later. */
export const canRetry = (delivery) => !heldUp(delivery) && (["parked", "failed"].includes(delivery.state) || (delivery.state === "pending" && Boolean(delivery.error)));
/** Whether a copy is gone that was there for a while only, as it was meant to be. */
const isOver = ({ state, expires_at: at }) => state === "delivered" && Boolean(at) && Date.parse(at) <= Date.now();
/** Whether a VMS let the copy go when its retention had passed: nothing is wrong, and nothing is sent again. */
const hasEnded = ({ phase }) => phase === "ended";
/** What is wrong with the server's own copy of a video, or "". */
export const ownDamage = (video) => ({ damaged: "The server's own copy is damaged", missing: "The server's own copy is missing" })[video?.local] ?? "";

/** A day's limit parks a target too, but nobody has to do anything about it; the target's own words say so. */
const endsByItself = (reason) => /goes on by itself/i.test(reason ?? "");
/** Whether a delivery or a target waits until somebody does something. */
export const needsPerson = ({ state, error, reason }) => state === "parked" && !endsByItself(error ?? reason);

/** {shape, word, tone}: all three are always shown together, so that none has to be guessed from colour. */
export function mark(delivery) {
  if (delivery.state === "failed" && heldUp(delivery)) return { shape: "needs", word: "Not sent", tone: "needs" };
  switch (delivery.state) {
    case "pending":
      return { shape: "waiting", word: "Waiting", tone: "waiting" };
    case "in_progress":
      return moving(delivery);
    case "delivered":
      if (isOver(delivery)) return { shape: "none", word: "Time over", tone: "waiting" };
      return { shape: "verified", word: "Verified", tone: "verified" };
    case "parked":
      if (!needsPerson(delivery)) return { shape: "waiting", word: "Waiting", tone: "waiting" };
      return { shape: "needs", word: "Needs you", tone: "needs" };
    case "failed":
      return { shape: "failed", word: "Failed", tone: "failed" };
    case "damaged":
      if (isLost(delivery)) return { shape: "failed", word: "Lost", tone: "failed" };
      // Nobody is needed: the outbox sends it again.
      return { shape: "moving", word: "Repairing", tone: "moving", percent: 0 };
    case "deleting":
      return { shape: "waiting", word: "Being removed", tone: "waiting" };
    case "deleted":
      return { shape: "none", word: hasEnded(delivery) ? "Ended" : "Removed", tone: "waiting" };
    case "skipped":
      return { shape: "none", word: "Not taken", tone: "waiting" };
    default:
      return { shape: "waiting", word: delivery.state, tone: "waiting" };
  }
}

/** How much of it has moved; of what a VMS pulls, as far as its own task says it is. */
function moving({ phase, bytes_sent: sent, bytes_total: total }) {
  if (phase === "offered") return { shape: "moving", word: "Offered", tone: "moving", percent: 0 };
  if (total > 0 && sent >= total) return { shape: "moving", word: "Checking", tone: "moving", percent: 100 };
  const share = percent(sent ?? 0, total ?? 0);
  return { shape: "moving", word: `${phase === "retrieving" ? "Retrieving" : "Moving"} ${share}\u00a0%`, tone: "moving", percent: share };
}

/** A sentence or two when there is something to say beyond the mark; otherwise "". */
export function explain(delivery, label, nowMs, isTold = false) {
  if (heldUp(delivery)) return `There is nothing right to send to ${label}. Upload the same file again: that repairs the server's copy, and it is sent.`;
  const error = sentence(delivery.error);
  switch (delivery.state) {
    case "pending":
      return error && `${label} did not take it yet: ${withoutAgain(error)} ${nextAttempt(delivery, nowMs)}`;
    case "parked":
      // The target's own note gives the reason already.
      if (isTold && endsByItself(error)) return `${label} takes nothing for now. ${tried(delivery)} It goes on by itself.`;
      return `${inNeed(label, error)} ${tried(delivery)}${endsByItself(error) ? "" : " It goes on once that is put right."}`;
    case "failed":
      return `${label} cannot take this file: ${error || "no reason was given."} ${tried(delivery)} It is not tried again unless you say so.`;
    case "damaged":
      return `The copy on ${label} was verified once and is not right any more: ${error || "it has changed."} ${isLost(delivery) ? "" : "It is being sent again."}`.trim();
    case "skipped":
      return error && `${label} was passed over: ${error}`;
    case "deleted":
      return hasEnded(delivery) && error ? `${error} It is not sent there again.` : "";
    case "delivered":
      // It holds, or does not hold any more, what the VMS was not told.
      return delivery.error_code === "not-locked" ? `${error} It is tried again by itself.` : "";
    default:
      return "";
  }
}

/** When it is tried again is said beside it. */
const withoutAgain = (error) => error.replace(/ It is tried again\.$/, "");

/** What is wrong with a target as a whole, how much waits for it, and when it is asked again. */
export function trouble(place, nowMs) {
  const label = place.label || place.name;
  const reason = withoutAgain(sentence(place.reason || place.last_error));
  const waiting = place.backlog.count
    ? `${count(place.backlog.count, "copy waits", "copies wait")} for it. The videos are saved here.`
    : "New videos are saved here all the same.";
  const next = place.next_probe_at ? `It is asked again ${until(place.next_probe_at, nowMs)}.` : "";
  const opening = {
    parked: inNeed(label, reason),
    paused: `${label} was paused by an operator.`,
  }[place.state] ?? `${label} does not answer as it should: ${reason || "no reason was given."}`;
  return [opening, waiting, place.state === "paused" ? "" : next].filter(Boolean).join(" ");
}

function inNeed(label, reason) {
  if (!endsByItself(reason)) return `${label} needs a person: ${reason || "no reason was given."}`;
  return reason.includes(label) ? reason : `${label}: ${reason}`;
}

function nextAttempt(delivery, nowMs) {
  const next = delivery.next_attempt_at ? `The next attempt is ${until(delivery.next_attempt_at, nowMs)}.` : "";
  return `${tried(delivery)} ${next}`.trim();
}

function tried({ attempts }) {
  if (!attempts) return "";
  return attempts === 1 ? "Tried once." : `Tried ${attempts} times.`;
}

/** Foreign words as a sentence: with a full stop at their end. */
export function sentence(text) {
  if (!text) return "";
  const trimmed = text.trim();
  return /[.?…]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
