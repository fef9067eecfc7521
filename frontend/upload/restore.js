// The queue after a reload, and as the other tabs change it: who has the bytes, and how far did they get?
import { effect } from "@preact/signals";
import { sessionEnded } from "../server/session.js";
import { adopt } from "../videos/list.js";
import { know } from "../videos/records.js";
import { ANEW } from "../words/uploads.js";
import { amendSoon } from "./amend.js";
import { Item } from "./item.js";
import { take, waitFor } from "./locks.js";
import { saved, startAnew } from "./outcomes.js";
import { enlist, forget, items, known, person, save, tellOf, unlist } from "./queue.js";
import { offsetOf, savedVideo } from "./remote.js";
import { reopen } from "./reopen.js";
import { drop, keeps, recordOf, records } from "./store.js";
import { onTold, tell } from "./tabs.js";

const LISTED_MS = 24 * 3600 * 1000;
/** What a row was before stays true of it once its bytes are at hand; anything else goes on. */
const STAYS = ["held", "paused", "failed"];

export function startRestoring() {
  effect(() => {
    if (person.value) queueMicrotask(integrate);
  });
  onTold("changed", (message) => {
    mirror(message);
    integrate();
  });
  onTold("moving", mirror);
  onTold("how?", ({ id }) => known(id)?.file && tellOf(known(id), "moving"));
}

/** Bring the list in step with what this browser keeps. */
async function integrate() {
  const whose = person.peek();
  const stored = (await records()).filter((record) => record.person === whose && record.state !== "cancelled" && !isOld(record));
  if (!keeps.peek() || whose !== person.peek()) return;
  const here = new Map(stored.map((record) => [record.id, record]));
  for (const item of items.peek().filter((item) => !item.file)) {
    if (here.has(item.id)) refresh(item, here.get(item.id));
    else unlist(item);
  }
  const fresh = stored.filter(({ id }) => !known(id)).map(revive);
  enlist(fresh);
  fresh.forEach(place);
}

const revive = (record) =>
  new Item({ ...record, before: record.state, state: record.state === "saved" ? "saved" : "opening" });

/** Saved long ago: the list of videos has it, the queue need not. */
function isOld({ id, state, order }) {
  const isOver = state === "saved" && Date.now() - order > LISTED_MS;
  if (isOver) drop(id);
  return isOver;
}

function refresh(item, record) {
  for (const key of ["title", "tags", "description", "url", "wordsThere"]) item[key].value = record[key];
  if (record.state !== "saved" || item.state.peek() === "saved") return;
  item.state.value = "saved";
  adopt(item.videoId);
}

async function place(item) {
  amendSoon(item);
  if (item.state.peek() === "saved") return (await know(item.videoId)) || forgetIfGone(item);
  const release = await take(item.id);
  return release ? arrive(item, release) : leaveToOther(item);
}

async function forgetIfGone(item) {
  try {
    if (!(await savedVideo(item.videoId))) forget(item);
  } catch {
    // Out of reach: the row says what it knows.
  }
}

/** Another tab has the bytes. When it is closed, it is this one's turn. */
async function leaveToOther(item) {
  item.state.value = "elsewhere";
  // On a slow line it may be long before the other tab has something new to tell.
  tell({ kind: "how?", id: item.id });
  arrive(item, await waitFor(item.id));
}

/** Nobody else has this item's lock now. */
async function arrive(item, release) {
  const record = await recordOf(item.id);
  if (!record || record.state === "saved" || known(item.id) !== item || item.file) {
    release();
    return void (record?.state === "saved" && refresh(item, record));
  }
  Object.assign(item, { sample: record.sample, isCopied: record.isCopied, before: record.state });
  item.handle.value = record.handle;
  refresh(item, record);
  item.bytes.value = record.bytes;
  item.problem.value = record.state === "failed" ? record.problem : "";
  const file = await reopen(item);
  if (!file) {
    release();
    item.state.value = "needs";
    return askHowFar(item);
  }
  Object.assign(item, { file, release });
  item.state.value = STAYS.includes(item.before) ? item.before : "queued";
  save(item);
}

/** What the server keeps of it, so that the row promises no more than that. */
async function askHowFar(item) {
  if (!item.url.peek()) return;
  try {
    const offset = await offsetOf(item.url.peek());
    const video = offset && offset.bytes < item.size ? null : await savedVideo(item.videoId);
    if (item.state.peek() !== "needs") return;
    if (video) return saved(item, video);
    if (offset) item.bytes.value = offset.bytes;
    else startAnew(item);
    if (!offset) item.note.value = ANEW;
    save(item);
  } catch (problem) {
    if (problem.status === 401) sessionEnded();
  }
}

function mirror({ id, isHeld, state, bytes }) {
  const item = known(id);
  if (!item || item.file || !isHeld) return;
  item.elsewhere.value = { state, bytes };
  if (item.state.peek() === "needs") leaveToOther(item);
}
