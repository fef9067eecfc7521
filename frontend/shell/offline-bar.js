// A quiet bar while the server cannot be reached; it goes by itself.
import { effect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { now } from "../clock.js";
import { html } from "../html.js";
import { nextProbeAt, online, probe } from "../server/reach.js";
import { announce } from "./announce.js";

const SPACE_PX = 8;
let wasOnline = true;
effect(() => {
  if (online.value === wasOnline) return;
  wasOnline = online.value;
  announce(wasOnline ? "The connection is back." : "No connection to the server. The page tries again by itself.");
});

/** Others that float at the foot stand above the bar: `--offline-room` tells them by how much. */
function useRoom(bar) {
  useLayoutEffect(() => {
    const { style } = document.documentElement;
    if (!bar.current) return undefined;
    const sizes = new ResizeObserver(() => style.setProperty("--offline-room", `${(bar.current?.offsetHeight ?? 0) + SPACE_PX}px`));
    sizes.observe(bar.current);
    return () => {
      sizes.disconnect();
      style.removeProperty("--offline-room");
    };
  }, [online.value]);
}

export function OfflineBar() {
  const bar = useRef();
  useRoom(bar);
  if (online.value) return null;
  const seconds = Math.ceil(((nextProbeAt.value ?? 0) - now.value) / 1000);
  return html`
    <div ref=${bar} class="offline" data-offline>
      <p>
        No connection to the server. What is queued waits here and goes on by itself.
        ${" "}<span class="figures" aria-hidden="true">${seconds > 0 ? `Trying again in ${seconds} s.` : "Trying now."}</span>
      </p>
      <button type="button" class="button small" onClick=${probe}>Try now</button>
    </div>
  `;
}
