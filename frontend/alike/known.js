// What looks like each video, as the server found it: asked once, and again only while it is not compared yet.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { get } from "../server/api.js";
import { announce } from "../shell/announce.js";
import { live } from "../videos/list.js";
import { pathOf, record, titleOf } from "../videos/records.js";

const AGAIN_MS = 6000;
/** As many as one answer holds: of so many there may be more. */
export const TOLD = 100;
const answers = new Map();

const answerOf = (id) => answers.get(id) ?? answers.set(id, signal(null)).get(id);

/** [{video, share_of_this, share_of_other, ranges}], the most alike first; empty while nothing is known. */
export function useAlike(id, isWanted = true) {
  const isLive = live.value;
  useEffect(() => {
    if (!isWanted || !isLive) return;
    let timer = null;
    const look = async () => {
      if (document.visibilityState === "visible") await ask(id);
      if (timer !== undefined && isOpen(id)) timer = setTimeout(look, AGAIN_MS);
    };
    look();
    return () => {
      clearTimeout(timer);
      timer = undefined;
    };
  }, [id, isWanted, isLive]);
  return answerOf(id).value?.similar ?? [];
}

const isOpen = (id) => (answerOf(id).peek()?.state ?? "waiting") === "waiting";

async function ask(id) {
  const answer = answerOf(id);
  const before = answer.peek();
  try {
    answer.value = await get(`${pathOf(id)}/similar?limit=${TOLD}`);
  } catch {
    // A courtesy: whatever is wrong is told where the video itself is shown.
    return;
  }
  const first = answer.value.similar?.[0];
  if (before && !before.similar?.length && first && record(id).peek()) announce(`${titleOf(record(id).peek())}: looks like ${titleOf(first.video)}.`);
}
