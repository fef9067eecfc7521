// A link to a video in words: whether it still opens, until when, and how often it was opened.
import { roughly } from "../words/days.js";
import { count } from "../words/sizes.js";
import { ago } from "../words/times.js";

/** "live" | "expired" | "revoked" */
export function stateOf({ revoked_at: revoked, expires_at: expires }, nowMs) {
  if (revoked) return "revoked";
  return Date.parse(expires) <= nowMs ? "expired" : "live";
}

/** "Not opened yet", "Opened 3 times, last 2 h ago". */
export function openedWords({ opened, last_opened_at: at }, nowMs) {
  if (!opened) return "Not opened yet";
  const times = opened === 1 ? "Opened once" : `Opened ${count(opened, "time")}`;
  return at ? `${times}, ${opened === 1 ? "" : "last "}${ago(at, nowMs)}` : times;
}

/** "Expires in 6 days", "Expired 3 days ago", "Revoked just now": {words, at}. */
export function endWords(share, nowMs) {
  const state = stateOf(share, nowMs);
  if (state === "revoked") return { words: `Revoked ${ago(share.revoked_at, nowMs)}`, at: share.revoked_at };
  if (state === "expired") return { words: `Expired ${ago(share.expires_at, nowMs)}`, at: share.expires_at };
  return { words: `Expires in ${roughly((Date.parse(share.expires_at) - nowMs) / 1000)}`, at: share.expires_at };
}
