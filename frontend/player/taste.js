// How somebody likes to watch and listen, remembered in this browser: speed, loudness, silence.
import { effect, signal } from "@preact/signals";

export const SPEEDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
const PLACE = "holdfast.player";

const kept = read();
export const speed = signal(SPEEDS.includes(kept.speed) ? kept.speed : 1);
export const volume = signal(kept.volume >= 0 && kept.volume <= 1 ? kept.volume : 1);
export const isMuted = signal(kept.isMuted === true);

effect(() => {
  const words = JSON.stringify({ speed: speed.value, volume: volume.value, isMuted: isMuted.value });
  try {
    localStorage.setItem(PLACE, words);
  } catch {
    // Storage is blocked: it holds until the page is closed.
  }
});

function read() {
  try {
    return JSON.parse(localStorage.getItem(PLACE)) ?? {};
  } catch {
    return {};
  }
}

/** The next speed, faster or slower. */
export function changeSpeed(step) {
  speed.value = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, SPEEDS.indexOf(speed.peek()) + step))];
}

/** Louder or quieter by a share of the whole; whoever makes it louder wants to hear it. */
export function changeVolume(share) {
  volume.value = Math.round(Math.min(1, Math.max(0, volume.peek() + share)) * 100) / 100;
  if (share > 0) isMuted.value = false;
}
