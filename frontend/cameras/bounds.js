// What the two typed ends of a marked range come to together. Pure.
import { fieldText } from "./moments.js";
import { readTime } from "./typed.js";
import { needsZone } from "./zone.js";

const DAY_MS = 86_400_000;
const OTHER = { from: "to", to: "from" };
const CALLED = { from: "start", to: "end" };

/** What stands in the fields of a range. */
export function textsOf(range) {
  if (!range) return { from: "", to: "" };
  const isZoned = needsZone(range.from, range.to);
  return { from: fieldText(range.from, isZoned), to: fieldText(range.to, isZoned) };
}

/**
 * `texts` of both fields, of which `end` was typed anew; `before`: the range that stood there, if any.
 * {range, texts, faults: {from, to}, said, hint}: `range` is null while there is none, never one that nobody meant.
 */
export function settled(texts, before, end) {
  const other = OTHER[end];
  const theirs = before ? { at: before[other] } : readTime(texts[other], other);
  const mine = readTime(texts[end], end, before?.[end] ?? theirs.at);
  const found = { range: null, texts, faults: { [end]: mine.fault, [other]: theirs.fault }, said: mine.said ?? "", hint: "" };
  if (mine.at === undefined) return found;
  found.texts = { ...texts, [end]: fieldText(mine.at, needsZone(mine.at)) };
  if (before && isElsewhere(before, end, mine.at)) return { ...found, texts: { ...found.texts, [other]: "" }, hint: `Type the ${CALLED[other]} too: the one before belonged to another range.` };
  if (theirs.at === undefined) return found;
  const range = { [end]: mine.at, [other]: theirs.at };
  if (range.to <= range.from) return { ...found, faults: { [end]: "The end must be later than the start." } };
  return { ...found, range: { from: range.from, to: range.to }, texts: textsOf(range) };
}

/** Whether an end was typed that begins another range rather than moves the end of this one. */
function isElsewhere(before, end, at) {
  return (end === "from" && at >= before.to) || Math.abs(at - before[end]) > Math.max(DAY_MS, before.to - before.from);
}
