// Files come into the queue: as new ones, or as the bytes of one that was begun before the page was closed.
import { announce } from "../shell/announce.js";
import { limits } from "../server/session.js";
import { shown } from "../words/names.js";
import { count } from "../words/sizes.js";
import { begunAsNew } from "../words/uploads.js";
import { refusal } from "./checks.js";
import { Item } from "./item.js";
import { newKey } from "./key.js";
import { take } from "./locks.js";
import { enlist, items, person, save } from "./queue.js";
import { isSame, isTwice } from "./same.js";
import { dropCopy, keepCopy } from "./store.js";

const COPIED_BYTES = 8 * 1024 * 1024;
const ALL_COPIES_BYTES = 256 * 1024 * 1024;
/** More at once are hardly named one by one; and a phone has no room for it unasked. */
const FEW = 3;
const hasRoom = matchMedia("(width >= 640px)");

const inState = (...states) => items.peek().filter((item) => states.includes(item.state.peek()));

/** Add `picks` ({file, handle}). `hold` keeps them back until `release`, so that words can be written first. */
export async function add(picks, settings) {
  const rest = [];
  for (const pick of picks) if (!(await isTakenUp(pick))) rest.push(pick);
  const there = inState("held", "queued", "sending", "saving", "paused", "waiting", "opening", "elsewhere");
  const fresh = rest.filter(({ file }) => !there.some((item) => isTwice(item, file, settings.project)));
  const made = make(fresh, settings);
  tellAdded(made, rest.length - fresh.length, picks.length - rest.length);
}

/** Whether the file is one that a row waits for; that row then goes on. */
async function isTakenUp(pick) {
  for (const item of inState("needs")) {
    if (await isSame(item, pick.file)) {
      await give(item, pick);
      return true;
    }
  }
  return false;
}

/** Give a row the file it waits for. */
export async function give(item, { file, handle = null }) {
  const release = await take(item.id);
  // Another tab was given it first, and says so.
  if (!release) return;
  Object.assign(item, { file, release });
  item.handle.value = handle;
  item.stranger.value = null;
  item.problem.value = "";
  item.state.value = item.before === "held" ? "held" : "queued";
  await save(item);
}

/** Make new rows, whatever stands in the queue already. */
export function make(picks, { project, label, tags, hold }) {
  const awaited = new Set(inState("needs").map((item) => item.name));
  const isFew = picks.length <= FEW && hasRoom.matches;
  const made = picks.map(({ file, handle = null }) => {
    const { name, size, lastModified } = file;
    const problem = refusal(file, limits.peek());
    const chosen = { name, size, lastModified, handle, project, label, tags };
    const row = { id: newKey(), person: person.peek(), order: nextOrder(), problem, state: "opening" };
    const item = new Item({ ...chosen, ...row, isWorded: !problem && (hold || isFew) });
    item.file = file;
    if (awaited.has(name)) item.note.value = begunAsNew(name);
    claim(item, problem ? "refused" : hold ? "held" : "queued");
    return item;
  });
  enlist(made);
  return made;
}

let lastOrder = 0;
const nextOrder = () => (lastOrder = Math.max(lastOrder + 1, Date.now()));

async function claim(item, state) {
  if (state === "refused") return void (item.state.value = state);
  item.release = await take(item.id);
  if (item.isCancelled) return item.release?.();
  item.state.value = state;
  await save(item);
  if (item.size <= COPIED_BYTES) copying = copying.then(() => copy(item));
}

/** One after the other, so that a folder of many does not fill the memory. */
let copying = Promise.resolve();

async function copy(item) {
  const copied = items.peek().reduce((sum, other) => sum + (other.isCopied ? other.size : 0), 0);
  if (!item.file || copied + item.size > ALL_COPIES_BYTES) return;
  const isKept = await keepCopy(item.id, item.file);
  // Saved or cancelled meanwhile.
  if (!item.file) return void dropCopy(item.id);
  item.isCopied = isKept;
  await save(item);
}

function tellAdded(made, again, takenUp) {
  const refused = made.filter((item) => item.problem.peek());
  const taken = made.length - refused.length;
  if (taken) announce(`${count(taken, "file")} added to the queue.`);
  if (takenUp) announce(`${count(takenUp, "file")} found again: going on where it stopped.`);
  if (again) announce(`${count(again, "file")} already in the queue.`);
  for (const item of refused) announce(`${shown(item.name)}: ${item.problem.peek()}`, { isTrouble: true });
}
