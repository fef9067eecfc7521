// A quiet bar while the server cannot be reached; it goes by itself.
import { effect } from "@preact/signals";
import { now } from "../clock.js";
import { html } from "../html.js";
import { nextProbeAt, online, probe } from "../server/reach.js";
import { announce } from "./announce.js";

let wasOnline = true;
effect(() => {
  if (online.value === wasOnline) return;
  wasOnline = online.value;
  announce(wasOnline ? "The connection is back." : "No connection to the server. The page tries again by itself.");
});

export function OfflineBar() {
  if (online.value) return null;
  const seconds = Math.ceil(((nextProbeAt.value ?? 0) - now.value) / 1000);
  return html`
    <div class="offline" data-offline>
      <p>
        No connection to the server. What is queued waits here and goes on by itself.
        ${" "}<span class="figures" aria-hidden="true">${seconds > 0 ? `Trying again in ${seconds} s.` : "Trying now."}</span>
      </p>
      <button type="button" class="button small" onClick=${probe}>Try now</button>
    </div>
  `;
}
