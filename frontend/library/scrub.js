// Runs through a video's storyboard: under the pointer, by keys, and once by itself when the focus rests on the card.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { tileAt } from "../player/storyboard.js";

const STEPS = 10;
const STEP_MS = 440;
const REST_MS = 700;
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** Sheets that are here: showing one before would flash. */
const sheets = new Map();
function fetched(url) {
  if (!sheets.has(url)) {
    const image = new Image();
    image.src = url;
    sheets.set(url, image.decode().then(() => image, () => (sheets.delete(url), null)));
  }
  return sheets.get(url);
}

/** Wires the cell around the picture in `frame`. Returns a signal: the second shown, or null for the thumbnail. */
export function useScrub(frame, cell, video) {
  const at = useSignal(null);
  const length = video?.duration_seconds;
  const canScrub = Boolean(video?.media?.storyboard) && length > 0;
  useEffect(() => {
    if (!canScrub) return undefined;
    const host = frame.current.closest('[role="gridcell"]');
    const scrub = new Scrub(frame.current, video, at);
    const listeners = {
      pointermove: (event) => event.pointerType !== "touch" && scrub.toPointer(event),
      pointerleave: () => scrub.end(),
      focusin: () => host.matches(":focus-visible") && scrub.rest(),
      focusout: () => scrub.end(),
      scrub: (event) => scrub.step(event.detail),
    };
    for (const [name, handle] of Object.entries(listeners)) host.addEventListener(name, handle);
    return () => {
      for (const [name, handle] of Object.entries(listeners)) host.removeEventListener(name, handle);
      scrub.end();
    };
  }, [canScrub, video?.id, video?.media?.storyboard?.count]);
  return at;
}

class Scrub {
  timer = null;
  wanted = null;

  constructor(frame, video, at) {
    Object.assign(this, { frame, video, at, length: video.duration_seconds });
    this.layer = frame.querySelector("[data-scrub]");
    this.line = frame.querySelector("[data-scrub-line]");
  }

  toPointer({ clientX, clientY }) {
    const box = this.frame.getBoundingClientRect();
    const isOver = clientX >= box.left && clientX < box.right && clientY >= box.top && clientY < box.bottom;
    if (!isOver) return this.end();
    clearTimeout(this.timer);
    return this.show(((clientX - box.left) / box.width) * this.length);
  }

  /** One step on (1) or back (-1), by key. */
  step(by) {
    clearTimeout(this.timer);
    const from = this.wanted ?? (by > 0 ? -this.length / STEPS : this.length);
    this.show(Math.min(this.length, Math.max(0, from + (by * this.length) / STEPS)));
  }

  /** The focus came by key: after a rest, once through, in less than five seconds; then the thumbnail again. */
  rest() {
    if (still.matches) return;
    const run = (step) => {
      if (step >= STEPS) return this.end();
      this.show(((step + 0.5) / STEPS) * this.length);
      this.timer = setTimeout(run, STEP_MS, step + 1);
    };
    clearTimeout(this.timer);
    this.timer = setTimeout(run, REST_MS, 0);
  }

  async show(seconds) {
    this.wanted = seconds;
    const tile = tileAt(this.video, seconds);
    if (!tile || !(await fetched(tile.url)) || this.wanted !== seconds) return;
    const { clientWidth: width, clientHeight: height } = this.frame;
    const scale = Math.min(width / tile.w, height / tile.h);
    const px = (number) => `${number * scale}px`;
    Object.assign(this.layer.style, {
      width: px(tile.w),
      height: px(tile.h),
      backgroundImage: `url("${tile.url}")`,
      backgroundSize: `${px(tile.sheetWidth)} ${px(tile.sheetHeight)}`,
      backgroundPosition: `${px(-tile.x)} ${px(-tile.y)}`,
    });
    this.line.style.transform = `scaleX(${seconds / this.length})`;
    this.layer.hidden = this.line.hidden = false;
    this.at.value = seconds;
  }

  end() {
    clearTimeout(this.timer);
    this.wanted = null;
    this.layer.hidden = this.line.hidden = true;
    this.at.value = null;
  }
}
