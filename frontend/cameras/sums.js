// Lanes in words: what is recorded at an instant, and how much of a stretch of time.
import { now } from "../clock.js";
import { count } from "../words/sizes.js";
import { MISSING, RECORDED, columnsOf, gapsIn, indexAfter, recordedIn } from "./columns.js";
import { lanes } from "./known.js";
import { lengthWords, localWords, shareWords } from "./moments.js";
import { ends, span } from "./span.js";
import { needsZone } from "./zone.js";

/** {state: "recorded" | "gap" | "unknown", from, to}: what is known at an instant, and how far that reaches. */
export function stateAt(id, at) {
  const lane = lanes.peek().get(id);
  if (!lane || at < lane.known.from || at >= lane.known.to) return { state: "unknown" };
  if (lane.stretches) return byStretches(lane.stretches, at);
  const bin = Math.floor((at - lane.known.from) / lane.binMs);
  const value = lane.bins[bin];
  if (value !== 0 && value !== 1) return { state: "unknown" };
  return { state: value ? "recorded" : "gap" };
}

function byStretches(stretches, at) {
  const index = indexAfter(stretches, at);
  const after = stretches[index];
  if (after && after.from <= at) return { state: "recorded", from: after.from, to: after.to };
  return { state: "gap", from: stretches[index - 1]?.to, to: after?.from };
}

const WORDS = { recorded: "recorded", gap: "nothing recorded", unknown: "" };
export const instantWords = (id, at) => [localWords(at, needsZone(at, ...ends(span.value))), WORDS[stateAt(id, at).state]].filter(Boolean).join(", ");

/** {share, recordedMs, gaps: [{from, to}] | null, stretches} of a stretch of time; null while it is not known. `gaps` is null where
 * there are too many stretches to be told one by one. */
export function sumOf(lane, from, to) {
  // Half a second for clocks and roundings: whoever asked for it got it.
  if (!lane || lane.known.from > from + 500 || lane.known.to < to - 500) return null;
  if (lane.stretches) {
    const recordedMs = recordedIn(lane.stretches, from, to);
    const gaps = gapsIn(lane.stretches, from, to);
    const parts = lane.stretches.filter((stretch) => stretch.to > from && stretch.from < to);
    return { share: gaps.length ? Math.min(0.9999, recordedMs / (to - from)) : 1, recordedMs, gaps, stretches: parts };
  }
  const width = Math.max(1, Math.round((to - from) / lane.binMs));
  const { kinds, shares } = columnsOf(lane, { from, to }, width, Infinity);
  const share = shares.reduce((sum, each) => sum + each, 0) / width;
  const isWhole = kinds.every((kind) => kind === RECORDED);
  const isEmpty = kinds.every((kind) => kind === MISSING);
  return { share: isWhole ? 1 : isEmpty ? 0 : Math.min(0.9999, Math.max(0.0001, share)), recordedMs: share * (to - from), gaps: null, stretches: null };
}

export function sumWords(sum) {
  if (!sum) return "Not looked up yet";
  if (sum.share <= 0) return "Nothing recorded";
  const share = `${shareWords(sum.share)} recorded`;
  if (!sum.gaps) return `${share}, in very many stretches`;
  if (!sum.gaps.length) return "Recorded throughout";
  const missing = sum.gaps.reduce((all, gap) => all + gap.to - gap.from, 0);
  return `${share}, ${count(sum.gaps.length, "gap")}, ${lengthWords(missing)} missing`;
}

/** What is shown of a lane, in a sentence; time to come is no gap. */
export function summaryWords(id) {
  const shown = span.value;
  if (!shown) return "Not looked up yet";
  const to = Math.max(shown.from + 1, Math.min(shown.to, now.peek()));
  return `In what is shown: ${sumWords(sumOf(lanes.value.get(id), shown.from, to)).toLowerCase()}`;
}
