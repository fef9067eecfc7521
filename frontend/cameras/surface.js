// A canvas of as many pixels as its place has, painted anew once per frame when something that it reads has changed.
import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { theme } from "../shell/theme.js";
import { trackWidth } from "./known.js";

export const scale = signal(devicePixelRatio);
function watchScale() {
  matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener("change", () => {
    scale.value = devicePixelRatio;
    watchScale();
  }, { once: true });
}
watchScale();

/** `paint(canvas, scale)` is called at once and again after each change of a signal that it read. */
export function useSurface(canvas, height, paint, needs = []) {
  const latest = useRef(paint);
  latest.current = paint;
  useEffect(() => {
    let frame = 0;
    const draw = () => {
      frame = 0;
      const place = canvas.current;
      if (place) latest.current(place, scale.peek());
    };
    const stop = effect(() => {
      theme.value;
      const [width, high] = [Math.round(trackWidth.value * scale.value), Math.round(height * scale.value)];
      const place = canvas.current;
      if (!place || !width) return;
      if (place.width !== width) place.width = width;
      if (place.height !== high) place.height = high;
      // What is read is read here, so that the next change is heard of; painting waits for the frame.
      latest.current(null, scale.value);
      frame ||= requestAnimationFrame(draw);
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, needs);
}

/** Keeps `trackWidth` equal to the width of the element. */
export function useTrackWidth(place) {
  useEffect(() => {
    const sizes = new ResizeObserver(([{ contentRect }]) => (trackWidth.value = contentRect.width));
    sizes.observe(place.current);
    return () => sizes.disconnect();
  }, []);
}
