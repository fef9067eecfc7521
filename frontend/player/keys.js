// The player's keys. They work wherever the focus is in the player, and in what stands around it, but not in fields.
import { changeSpeed, changeVolume, isMuted } from "./taste.js";

const FIELDS = "input, textarea, select, [contenteditable]";
const PRESSED = "button, a, summary";

/** What the keys do, for those who ask: [[key, …], words]. */
export const KEYS = [
  [["Space", "K"], "Play, pause"],
  [["←", "→"], "5 seconds back, on"],
  [["J", "L"], "10 seconds back, on"],
  [[",", "."], "One picture back, on"],
  [["<", ">"], "Slower, faster"],
  [["M"], "Sound off, on"],
  [["F"], "Full screen"],
  [["0–9"], "To a tenth of the video"],
];

/** `handle(event)` for these keys: true when it was one of them. */
export function keysFor(playback, { perSecond, screen }) {
  const acts = {
    " ": () => playback.toggle(),
    k: () => playback.toggle(),
    ArrowLeft: () => playback.move(-5),
    ArrowRight: () => playback.move(5),
    j: () => playback.move(-10),
    l: () => playback.move(10),
    Home: () => playback.seek(0),
    End: () => playback.seek(playback.length.peek()),
    ",": () => playback.step(-1, perSecond),
    ".": () => playback.step(1, perSecond),
    "<": () => changeSpeed(-1),
    ">": () => changeSpeed(1),
    m: () => (isMuted.value = !isMuted.peek()),
    f: () => screen.toggle(),
  };
  for (const tenth of "0123456789") acts[tenth] = () => playback.seek((playback.length.peek() * Number(tenth)) / 10);
  return (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.target.closest(FIELDS)) return false;
    if (event.key === " " && event.target.closest(PRESSED)) return false;
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return false;
    event.preventDefault();
    event.stopPropagation();
    act();
    return true;
  };
}

/** Up and down are loudness in the player only: elsewhere they scroll. */
export function volumeKeys(event) {
  const step = { ArrowUp: 0.05, ArrowDown: -0.05 }[event.key];
  if (!step || event.defaultPrevented || event.target.closest(FIELDS)) return;
  event.preventDefault();
  event.stopPropagation();
  changeVolume(step);
}
