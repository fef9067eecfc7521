// A video whose bytes are only on a target: the server fetches them back, which may take longer than an answer may wait.
import { get } from "../server/api.js";
import { announce } from "../shell/announce.js";
import { percent } from "../words/sizes.js";
import { sentence } from "../words/states.js";

const LOOK_MS = 2000;

/** Tell how far it is until it is over; then play on, or say why not. */
export async function followFetch(playback, url, signal) {
  playback.isWaiting.value = true;
  let now;
  do {
    now = await look(url, signal);
    playback.fetched.value = now?.state === "running" ? percent(now.bytes_done, now.bytes_total) : null;
    if (!now || now.state === "running") await pause(LOOK_MS, signal);
  } while (!signal.aborted && (!now || now.state === "running"));
  if (signal.aborted) return;
  if (now.state !== "failed") return playback.again();
  playback.isWaiting.value = false;
  playback.problem.value = { words: `The video could not be fetched back: ${sentence(now.error) || "no reason was given."}`, heals: false };
  announce(playback.problem.value.words, { isTrouble: true });
}

/** null: nobody could tell. A lost connection is told by its own bar, and heals by itself. */
async function look(url, signal) {
  try {
    return (await get(url.replace(/\/content$/, "/restore"), { signal })).restore;
  } catch {
    return null;
  }
}

const pause = (ms, signal) =>
  new Promise((resume) => {
    const timer = setTimeout(resume, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resume()), { once: true });
  });
