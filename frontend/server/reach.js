// Whether the server can be reached: told by every request, and by a probe until it answers again.
import { signal } from "@preact/signals";

export const online = signal(true);
/** When the next probe goes out, in milliseconds since 1970; null while online. */
export const nextProbeAt = signal(null);

const WAITS_SECONDS = [1, 2, 4, 8, 15];
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

/** Ask the server whether it is there, now. Returns true when it answered. */
export async function probe() {
  try {
    const response = await fetch("/healthz", { cache: "no-store" });
    if (response.status >= 500) throw new Error(`healthz ${response.status}`);
    found();
    return true;
  } catch {
    failures += 1;
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
