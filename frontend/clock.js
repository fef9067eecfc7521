// The time as signals: `now` ticks each second while the page is seen, `minute` only when ages can change.
import { computed, signal } from "@preact/signals";

export const now = signal(Date.now());
export const minute = computed(() => Math.floor(now.value / 10_000) * 10_000);

const tick = () => {
  if (document.visibilityState === "visible") now.value = Date.now();
};
setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
