// Whether the server can be reached: told by every request, and by a probe until it answers again.
import { signal } from "@preact/signals";

export const online = signal(true);
/** When the next probe goes out, in milliseconds since 1970; null while online. */
export const nextProbeAt = signal(null);

const WAITS_SECONDS = [1, 2, 4, 8, 15];
/** A line that broke without a word answers nothing for ever. */
const ANSWER_MS = 5000;
let failures = 0;
let timer = null;

export function found() {
  if (online.value) return;
  clearTimeout(timer);
  failures = 0;
  nextProbeAt.value = null;
  online.value = true;
}

export function lost() {
  if (!online.value) return;
  online.value = false;
  schedule();
}

let probing = null;

/** Ask the server whether it is there, now. Resolves to true when it answered. */
export function probe() {
  probing ??= ask().finally(() => (probing = null));
  return probing;
}

async function ask() {
  try {
    const response = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
    if (response.status >= 500) throw new Error(`healthz ${response.status}`);
    found();
    return true;
  } catch (error) {
    // No answer was a long wait already; and it may be only a connection that died unnoticed, of which browsers keep some.
    if (error.name !== "TimeoutError") failures += 1;
    online.value = false;
    schedule();
    return false;
  }
}

function schedule() {
  clearTimeout(timer);
  const wait = WAITS_SECONDS[Math.min(failures, WAITS_SECONDS.length - 1)] * 1000;
  nextProbeAt.value = Date.now() + wait;
  timer = setTimeout(probe, wait);
}

export function watchConnection() {
  // The browser's own opinion is only a hint: a machine without network still reaches a server on itself.
  window.addEventListener("offline", () => probe());
  window.addEventListener("online", () => probe());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && !online.value) probe();
  });
}
