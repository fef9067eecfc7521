// One live record for each video the page has heard of; changes of its copies are told aloud.
import { signal } from "@preact/signals";
import { get } from "../server/api.js";
import { targetLabel } from "../server/session.js";
import { announce } from "../shell/announce.js";
import { shown } from "../words/names.js";
import { mark } from "../words/states.js";
import { mediaChanges } from "../words/media.js";

const records = new Map();

/** The record of one video: a signal of V (the server's item), or of null while it is unknown. */
export function record(id) {
  if (!records.has(id)) records.set(id, signal(null));
  return records.get(id);
}

export function keep(video) {
  const known = record(video.id);
  const before = known.peek();
  if (JSON.stringify(before) === JSON.stringify(video)) return;
  known.value = video;
  if (before) tellChanges(before, video);
}

/** Ask once for a video that may not be listed. Returns false when it is not there. */
export async function know(id) {
  if (record(id).peek()) return true;
  try {
    keep((await get(pathOf(id))).video);
    return true;
  } catch {
    // Removed since, or out of reach: the page then shows nothing rather than a guess.
    return false;
  }
}

export const pathOf = (id) => `/api/videos/${encodeURIComponent(id)}`;
export const titleOf = (video) => shown(video.title || video.original_filename || video.filename);

const ON_THE_WAY = ["pending", "in_progress"];

function tellChanges(before, after) {
  const earlier = new Map(before.deliveries.map((delivery) => [delivery.target, delivery.state]));
  for (const delivery of after.deliveries) {
    const known = earlier.get(delivery.target);
    if (!known || known === delivery.state || ON_THE_WAY.includes(delivery.state)) continue;
    announce(`${titleOf(after)}: ${mark(delivery).word.toLowerCase()} on ${targetLabel(delivery.target)}.`);
  }
  for (const { words, ...manner } of mediaChanges(before, after)) announce(`${titleOf(after)}: ${words}.`, manner);
}
