// The polite voice: gathers what changed and hands it to the live region at most every few seconds.
import { signal } from "@preact/signals";
import { count } from "../words/sizes.js";

export const spoken = signal("");
const PAUSE_MS = 2500;
const MOST_AT_ONCE = 5;
const MOST_OF_A_KIND = 2;
let gathered = [];
let timer = null;

/** `kind`: what happened, as "saved"; of many at once only the number is told. `isTrouble`: told before the rest.
 * `isAnswer`: what a person did just now, told before all else. */
export function announce(words, { kind = "", isTrouble = false, isAnswer = false } = {}) {
  if (!words || gathered.some((told) => told.words === words)) return;
  gathered.push({ words, kind, weight: 2 * isAnswer + isTrouble });
  timer ??= setTimeout(flush, spoken.peek() ? PAUSE_MS : 100);
}

function flush() {
  const told = inOrder(gathered);
  const rest = told.length - MOST_AT_ONCE;
  const first = told.slice(0, MOST_AT_ONCE).join(" ");
  spoken.value = rest > 0 ? `${first} And ${rest} more changes.` : first;
  gathered = [];
  timer = null;
}

/** Answers first, then trouble; many of one kind become one sentence, where the first of them stood. */
function inOrder(changes) {
  const number = (kind) => changes.filter((change) => kind && change.kind === kind).length;
  const words = [...changes]
    .sort((one, two) => two.weight - one.weight)
    .map((change) => (number(change.kind) > MOST_OF_A_KIND ? `${count(number(change.kind), "file")} ${change.kind}.` : change.words));
  return [...new Set(words)];
}
