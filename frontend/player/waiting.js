// Said over the picture when its bytes let themselves be waited for.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { online } from "../server/reach.js";

const PATIENCE_MS = 600;

export function Waiting({ playback, isFar }) {
  const isLong = useSignal(false);
  const waits = playback.isWaiting.value;
  useEffect(() => {
    if (!waits) return undefined;
    const timer = setTimeout(() => (isLong.value = true), PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      isLong.value = false;
    };
  }, [waits]);
  if (!waits || !isLong.value) return null;
  return html`
    <p class="player-waiting" role="status">
      <span class="player-turning" aria-hidden="true" />
      ${wordsFor(isFar, playback.fetched.value)}
    </p>
  `;
}

/** Browsers try for long by themselves before they call it an error. */
function wordsFor(isFar, fetched) {
  if (!online.value) return "The connection was lost. It goes on here once it is back.";
  if (fetched !== null) return `Fetching it back from where it is kept: ${fetched}\u00a0%.`;
  return isFar ? "Fetching it back: this video is kept on targets only. That may take a while." : "Waiting for the video…";
}
