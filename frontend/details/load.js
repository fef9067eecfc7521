// Brings one video's record, and keeps asking while the server is out of reach; tells when there is no such video.
import { signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { get } from "../server/api.js";
import { whenGone } from "../videos/gone.js";
import { follow } from "../videos/poll.js";
import { live } from "../videos/list.js";
import { keep, pathOf, record } from "../videos/records.js";

const GONE = [403, 404, 410];
/** Also when nothing of it is in motion: colleagues change words, and move videos to the trash. */
const SELDOM_MS = 5000;
/** What is open, and how to look at it again. */
const open = new Map();
whenGone((ids) => ids.forEach((id) => open.get(id)?.()));

/** {video, isGone, problem}: `video` may be there at once, out of a list, and is asked for anew all the same. */
export function useVideo(id) {
  const state = useMemo(() => ({ isGone: signal(false), problem: signal("") }), [id]);
  const isLive = live.value;
  useEffect(() => {
    if (isLive) look(id, state);
    open.set(id, () => look(id, state));
    const timer = setInterval(() => isLive && document.visibilityState === "visible" && look(id, state, { isQuiet: true }), SELDOM_MS);
    return () => {
      clearInterval(timer);
      open.delete(id);
    };
  }, [id, isLive]);
  useEffect(() => follow(id), [id]);
  return { video: record(id).value, isGone: state.isGone.value, problem: state.problem.value };
}

async function look(id, state, { isQuiet = false } = {}) {
  try {
    keep((await get(pathOf(id))).video);
    state.isGone.value = false;
    state.problem.value = "";
  } catch (problem) {
    state.isGone.value = GONE.includes(problem.status);
    if (isQuiet && !state.isGone.peek()) return;
    // A lost connection is told by its own bar, and heals by itself.
    state.problem.value = problem.status === 0 || state.isGone.value ? "" : problem.message;
  }
}
