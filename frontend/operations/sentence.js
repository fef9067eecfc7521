// The first sentence: how safe all videos are, never more than is known. {tone, shape, parts: [{words, to}]}.
import { count } from "../words/sizes.js";
import { libraryAt } from "./links.js";

const number = (value) => value.toLocaleString("en-GB");
const are = (value) => (value === 1 ? "is" : "are");

/** `known`: {safe, pruned, ended, damaged, targets}; `damaged` is null when that is not told. `ended`: copies that a VMS let
 * go when its retention had passed. `targets`: all that are set up. */
export function sentenceOf({ safe, pruned = 0, ended = 0, damaged = 0, targets = [] }) {
  if (!safe.videos) return { tone: "waiting", shape: "none", parts: [{ words: "There are no videos here yet." }] };
  const parts = [...opening(safe, pruned, ended, damaged), ...copies(safe, targets, ended, !pruned && !damaged)];
  return { ...manner(safe, damaged, targets), parts: punctuated(parts) };
}

/** Those that every video, or every recording, is to have a copy on. */
export const demanded = (targets) => targets.filter(({ required_of: of }) => of === "all" || of === "recordings");

function manner({ videos, verified, waiting, needs_person: needs }, damaged, targets) {
  if (damaged) return { tone: "failed", shape: "failed" };
  if (needs) return { tone: "needs", shape: "needs" };
  if (waiting) return { tone: "moving", shape: "moving" };
  return verified < videos || !demanded(targets).length ? { tone: "waiting", shape: "waiting" } : { tone: "verified", shape: "verified" };
}

function opening({ videos }, pruned, ended, damaged) {
  const away = `${number(pruned)} ${are(pruned)} on targets only${ended ? ", or ended in the VMS" : ""}`;
  const toAway = libraryAt({ state: "video:remote-only" });
  if (damaged) {
    const rest = Math.max(0, videos - damaged - pruned);
    const good = { words: `${number(rest)} of ${count(videos, "video")} ${are(rest)} safe here` };
    return [good, ...(pruned ? [{ words: away, to: toAway }] : []), { words: `the server's own ${damaged === 1 ? "copy" : "copies"} of ${number(damaged)} ${are(damaged)} damaged` }];
  }
  // How many of those that are not here ended is not counted: none of them is called safe.
  if (pruned && ended) return [{ words: `${number(Math.max(0, videos - pruned))} of ${count(videos, "video")} ${are(videos - pruned)} safe here` }, { words: away, to: toAway }];
  const all = videos === 1 ? "The one video" : `All ${count(videos, "video")}`;
  if (!pruned) return [{ words: `${all} ${are(videos)} safe here`, to: libraryAt() }];
  const here = Math.max(0, videos - pruned);
  const opened = { words: here ? `${all} ${are(videos)} safe: ${number(here)} here, ` : `${all} ${are(videos)} safe, ` };
  return [opened, { words: here ? `${number(pruned)} on targets only` : "on targets only", to: toAway, isSame: true }];
}

function copies({ videos, verified, waiting, needs_person: needs, exempt = 0 }, targets, ended, isPlain) {
  if (!targets.length) return [{ words: "no copies are kept elsewhere, because no target is set up" }];
  const required = demanded(targets);
  if (!required.length) return [{ words: "no target is required to have a copy" }];
  const every = required.length === 1 ? "the required target" : "every required target";
  if (verified === videos) return isPlain ? [{ words: ` and verified on ${every}`, isSame: true }] : [{ words: `all are verified on ${every}` }];
  const onTheWay = { state: "copy:pending,in_progress", target: required.map((target) => target.name).join(",") };
  // Saved before a target was set up, meant for others by a rule, or over in the VMS.
  const unasked = videos - verified - waiting - needs - exempt;
  return [
    { words: `${verified ? number(verified) : "none"} ${are(verified)} verified on ${every}` },
    waiting > 0 && { words: `${number(waiting)} ${are(waiting)} on ${waiting === 1 ? "its" : "their"} way`, to: libraryAt(onTheWay) },
    needs > 0 && { words: `${number(needs)} ${needs === 1 ? "needs" : "need"} a person`, to: "#needs" },
    exempt > 0 && { words: exempt === 1 ? "1 is no recording and needs no copy there" : `${number(exempt)} are no recordings and need no copy there` },
    unasked > 0 && { words: `${number(unasked)} ${ended ? "ended there, or " : ""}${are(unasked)} not queued for ${required.length === 1 ? "it" : "all of them"}` },
  ].filter(Boolean);
}

/** A semicolon between clauses, a full stop at the end. */
function punctuated(parts) {
  return parts.flatMap((part, at) => [...(at && !part.isSame ? [{ words: "; " }] : []), part]).concat({ words: "." });
}

export const asText = ({ parts }) => parts.map(({ words }) => words).join("");
