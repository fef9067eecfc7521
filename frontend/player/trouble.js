// What stopped the player, in words, and its healing: the element itself only says that something is wrong.
import { effect } from "@preact/signals";
import { problemFrom, readJson } from "../server/api.js";
import { found, lost, online, probe } from "../server/reach.js";
import { sessionEnded } from "../server/session.js";
import { announce } from "../shell/announce.js";
import { clockTime } from "../words/lengths.js";
import { followFetch } from "./fetching.js";

/** A line that broke without a word is noticed by asking. */
const LONG_WAIT_MS = 6000;
/** Heals by itself not more often than this: a file that always fails must not be asked for without end. */
const HEAL_MS = 10_000;

/** Watch over a playback of `url`. Returns the function that ends it. */
export function watch(playback, element, url) {
  const ending = new AbortController();
  let healedAt = -Infinity;
  const heal = () => {
    healedAt = Date.now();
    playback.again();
  };
  const failed = async () => {
    playback.place ??= { seconds: playback.seconds.peek(), plays: playback.isPlaying.peek() };
    playback.isWaiting.value = false;
    const at = playback.place.seconds;
    const refusal = await askWhy(url, ending.signal);
    if (ending.signal.aborted) return;
    if (refusal?.code === "restoring") return followFetch(playback, url, ending.signal);
    if (!refusal && element.error?.code === MediaError.MEDIA_ERR_NETWORK && Date.now() - healedAt > HEAL_MS) return heal();
    playback.problem.value = refusal ? told(refusal, at) : unreadable(at);
    announce(playback.problem.value.words, { isTrouble: true });
  };
  element.addEventListener("error", failed, { signal: ending.signal });
  const stops = [healWhenBack(playback, heal), askWhenSlow(playback)];
  return () => {
    ending.abort();
    stops.forEach((stop) => stop());
  };
}

/** Whether the server gives the bytes out: null when it does, otherwise the Problem. */
async function askWhy(url, signal) {
  try {
    const answer = await fetch(url, { headers: { Range: "bytes=0-0" }, cache: "no-store", signal });
    found();
    if (answer.ok) return void (await answer.body?.cancel()) ?? null;
    if (answer.status === 401) sessionEnded();
    return problemFrom(answer.status, readJson(await answer.text()), answer.headers.get("Retry-After"));
  } catch (error) {
    if (!signal.aborted) lost();
    return { status: 0 };
  }
}

function told(refusal, seconds) {
  if (refusal.status === 0) return { words: `The connection was lost${at(seconds)}. It goes on there once it is back.`, heals: true };
  return { words: `The server does not give the video out: ${refusal.message}`, heals: false };
}

const unreadable = (seconds) => ({
  words: `This browser cannot read the video${at(seconds)}: it is damaged there, or in a form that this browser does not know. The original can be downloaded.`,
  heals: false,
});

const at = (seconds) => (seconds >= 1 ? ` at ${clockTime(seconds)}` : "");

/** What waited for the connection goes on when it is back. */
function healWhenBack(playback, heal) {
  let wasOnline = online.peek();
  return effect(() => {
    const isBack = online.value && !wasOnline;
    wasOnline = online.value;
    if (isBack && (playback.problem.peek()?.heals || playback.isWaiting.peek())) queueMicrotask(heal);
  });
}

function askWhenSlow(playback) {
  let timer = null;
  const stop = effect(() => {
    clearInterval(timer);
    if (playback.isWaiting.value) timer = setInterval(probe, LONG_WAIT_MS);
  });
  return () => {
    clearInterval(timer);
    stop();
  };
}
