// Why a video cannot be played (yet), in words, and how far the copy that can is.
import { targetLabel } from "../server/session.js";
import { footageOnly, whereToWatch } from "../words/footage.js";
import { sentence } from "../words/states.js";
import { percent } from "../words/sizes.js";

const ENDED = ["failed", "set-aside"];

/** {shape, tone, words, percent?, failedJob?, links?}. `percent` while a playable copy is being made; `links`: the copies in
 * a VMS that are all that is left, so that nothing can be downloaded. */
export function whyNot(video) {
  const { status, media } = video;
  const links = footageOnly(video);
  if (links.length) return { shape: "none", tone: "waiting", words: whereToWatch(links, targetLabel), links };
  const copy = media?.jobs?.find((job) => job.kind === "browser");
  if (status === "no-media-tools") return needs(media?.reason || "This server has no media tools yet. An operator can install ffmpeg.");
  if (copy?.state === "cancelled") return { ...failed(`${reason(media)} Making a playable copy was cancelled.`), failedJob: copy };
  if (copy && ENDED.includes(copy.state)) return notMade(media, copy);
  if (status === "unplayable") return failed(`It cannot be played. ${sentence(media?.reason) || "No reason was given."}`);
  if (copy) return beingMade(media, copy);
  const probe = media?.jobs?.find((job) => job.kind === "probe" && ENDED.includes(job.state));
  if (probe) return { ...failed(`It could not be looked at: ${sentence(probe.error)}`), failedJob: probe };
  if (!media || status === "processing") return moving("It is being looked at: its length, picture and sound. It can be played right after.");
  return failed(sentence(media.reason) || "There is nothing in it to play.");
}

const needs = (words) => ({ shape: "needs", tone: "needs", words: `${sentence(words)} The video is safe, and can be downloaded.` });
const failed = (words) => ({ shape: "failed", tone: "failed", words: `${words} The file is kept as it came, and can be downloaded.` });
const moving = (words, share) => ({ shape: share === undefined ? "waiting" : "moving", tone: "moving", words, percent: share });

function notMade(media, copy) {
  return { ...failed(`${reason(media)} A playable copy could not be made: ${sentence(copy.error) || "no reason was given."}`), failedJob: copy };
}

function beingMade(media, copy) {
  if (copy.state !== "running") return moving(`${reason(media)} A playable copy is next in line.`);
  const share = percent(copy.progress ?? 0, 1);
  return moving(`${reason(media)} A playable copy is being made, ${share}\u00a0%.`, share);
}

const reason = (media) => sentence(media?.facts?.why_not) || "Browsers cannot play this file as it is.";
