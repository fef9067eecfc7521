// How long a video in the trash stays, in words.
import { isHeld } from "../holds/words.js";
import { limits } from "../server/session.js";
import { roughly } from "../words/days.js";
import { duration, exact } from "../words/times.js";

const DAY_MS = 86_400_000;

/** How long videos stay in the trash, as "7 days"; "" when the server did not say, or keeps nothing. */
export const stay = () => (limits.value.trash_days > 0 ? duration(limits.value.trash_days * 86_400) : "");

/** {words, title} for a video in the trash: when it is deleted for good. */
export function leaves(video, nowMs) {
  if (isHeld(video)) return { words: "Kept while it is held", title: "" };
  const at = Date.parse(video.trashed_at) + limits.value.trash_days * DAY_MS;
  if (Number.isNaN(at)) return { words: "In the trash", title: "" };
  const left = (at - nowMs) / 1000;
  return { words: left > 0 ? `Deleted for good in ${roughly(left)}` : "Deleted for good any moment now", title: exact(new Date(at).toISOString()) };
}
