// On a narrow screen the details fill it and keep the focus inside; beside the grid they are a neighbour.
import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect } from "preact/hooks";
import { turnAround } from "../parts/focus-inside.js";

/** The same width stands in the library's css. */
const query = matchMedia("(width < 1100px)");
export const fills = signal(query.matches);
query.addEventListener("change", () => (fills.value = query.matches));

export function useFocusInside(root, isOn) {
  useLayoutEffect(() => {
    if (!isOn) return undefined;
    document.documentElement.classList.add("behind-details");
    return () => document.documentElement.classList.remove("behind-details");
  }, [isOn]);
  useEffect(() => {
    if (!isOn) return undefined;
    const ending = new AbortController();
    // A dialog of the browser's own lies above and keeps the focus itself.
    const hear = (name, act) =>
      document.addEventListener(name, (event) => document.querySelector("dialog[open]") ?? act(event), { signal: ending.signal });
    hear("keydown", (event) => event.key === "Tab" && !event.defaultPrevented && turnAround(event, root.current));
    hear("focusin", (event) => {
      if (!root.current?.contains(event.target)) root.current?.querySelector("h2")?.focus();
    });
    return () => ending.abort();
  }, [isOn]);
}

/** The focus goes back to where it was, unless somebody took it elsewhere meanwhile. */
export function useFocusBack(root) {
  useLayoutEffect(() => {
    const before = document.activeElement;
    const panel = root.current;
    return () => {
      const now = document.activeElement;
      if ((now === document.body || panel.contains(now)) && before?.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
}
