// The polite voice: gathers what changed and hands it to the live region at most every few seconds.
import { signal } from "@preact/signals";

export const spoken = signal("");
const PAUSE_MS = 2500;
const MOST_AT_ONCE = 5;
let gathered = [];
let timer = null;

export function announce(words) {
  if (!words || gathered.includes(words)) return;
  gathered.push(words);
  timer ??= setTimeout(flush, spoken.peek() ? PAUSE_MS : 100);
}

function flush() {
  const rest = gathered.length - MOST_AT_ONCE;
  const told = gathered.slice(0, MOST_AT_ONCE).join(" ");
  spoken.value = rest > 0 ? `${told} And ${rest} more changes.` : told;
  gathered = [];
  timer = null;
}
