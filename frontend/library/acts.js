// What can be done with the videos that are picked: download, tag, retry, hold and release, trash and back.
import { signal } from "@preact/signals";
import { announce } from "../shell/announce.js";
import { stay } from "../trash/words.js";
import { askForFacets } from "../videos/facets.js";
import { pathOf, record, titleOf } from "../videos/records.js";
import { count } from "../words/sizes.js";
import { canRetry, ownDamage } from "../words/states.js";
import { failed, inBulk, renew, running, tellFailures } from "./bulk.js";
import { drop, putBack } from "./results.js";
import { closeVideo, openId } from "./route.js";
import { unpick } from "./selection.js";

/** Browsers hold back a page that starts too many downloads. */
const DOWNLOADS_AT_ONCE = 10;
const BETWEEN_DOWNLOADS_MS = 250;

/** {words, undo} of what was done last, or null; `undo` may be null. */
export const done = signal(null);
const say = (words, undo = null) => {
  done.value = { words, undo };
  announce(words, { isAnswer: true });
};

const whyNot = (video) => {
  if (video.status === "trashed") return "It is in the trash. Restore it first.";
  const damage = ownDamage(video);
  return damage && `${damage}. Open it to see which copies are whole.`;
};

export async function download(ids) {
  const videos = ids.map((id) => record(id).peek()).filter(Boolean);
  const whole = videos.filter((video) => !whyNot(video));
  const now = whole.slice(0, DOWNLOADS_AT_ONCE);
  const not = videos.filter(whyNot).map((video) => ({ id: video.id, title: titleOf(video), reason: whyNot(video) }));
  failed.value = null;
  tellFailures("downloaded", not, null);
  for (const [at, video] of now.entries()) {
    if (at) await new Promise((next) => setTimeout(next, BETWEEN_DOWNLOADS_MS));
    const link = Object.assign(document.createElement("a"), { href: `${pathOf(video.id)}/download`, download: "" });
    document.body.append(link);
    link.click();
    link.remove();
  }
  unpick(now.map((video) => video.id));
  const rest = whole.length - now.length;
  if (!now.length) return;
  say(rest ? `${count(now.length, "download")} started. A browser takes about ${DOWNLOADS_AT_ONCE} at a time: ${rest} more stay selected, press Download again for them.` : `${count(now.length, "download")} started.`);
}

const one = (id) => `“${titleOf(record(id).peek() ?? {})}”`;
/** “Clip 1”, or "3 videos". */
const named = (ids) => (ids.length === 1 ? one(ids[0]) : count(ids.length, "video"));
const are = (ids) => `${named(ids)} ${ids.length === 1 ? "is" : "are"}`;

export const hasFailed = (id) => (record(id).peek()?.deliveries ?? []).some(canRetry);

export async function retry(ids) {
  const { worked, failures } = await inBulk("retry", ids.filter(hasFailed), "tried again");
  tellFailures("tried again", failures, retry);
  if (!worked.length) return;
  say(`The copies of ${count(worked.length, "video")} are tried again.`);
  await renew(worked);
}

/** `add` and `remove` are lists of tags: what is known of the tags here may be old, so the server changes those that it has. */
export async function tag(ids, add, remove) {
  const { worked, failures } = await inBulk("tag", ids, "tagged", { add_tags: add, remove_tags: remove });
  tellFailures("tagged", failures, (left) => tag(left, add, remove));
  await renew(worked);
  if (!worked.length) return;
  askForFacets({ now: true });
  say(`${count(worked.length, "video")} tagged.`);
}

/** `fields`: {reason, until}. */
export async function hold(ids, fields) {
  const { worked, failures } = await inBulk("hold", ids, "held", fields);
  tellFailures("held", failures, (left) => hold(left, fields));
  await renew(worked);
  if (worked.length) say(`${are(worked)} held.`);
}

/** All holds of each. */
export async function release(ids) {
  const { worked, failures } = await inBulk("release", ids, "released");
  tellFailures("released", failures, release);
  await renew(worked);
  if (worked.length) say(`${are(worked)} held no longer.`);
}

export async function trash(ids) {
  const { worked, failures } = await inBulk("trash", ids, "moved to the trash");
  if (worked.includes(openId.peek())) closeVideo();
  drop(worked);
  tellFailures("moved to the trash", failures, trash);
  if (!worked.length) return;
  const end = stay() ? ` Deleted for good in ${stay()}.` : "";
  say(`${are(worked)} in the trash.${end}`, () => undoTrash(worked));
}

async function undoTrash(ids) {
  // Another act is under way: its note comes in this one's place, and the trash keeps them.
  if (running.peek()) return;
  done.value = null;
  const { worked, failures } = await inBulk("restore-from-trash", ids, "restored");
  await renew(worked);
  putBack(worked);
  tellFailures("restored", failures, undoTrash);
  if (worked.length) say(`${count(worked.length, "video")} restored.`);
}

/** Take back what was done last, as long as its note is there. Returns whether there was something. */
export function undoLast() {
  const { undo } = done.peek() ?? {};
  undo?.();
  return Boolean(undo);
}

/** From the list of the trash: what was restored leaves it. */
export async function restore(ids) {
  const { worked, failures } = await inBulk("restore-from-trash", ids, "restored");
  await renew(worked);
  drop(worked);
  tellFailures("restored", failures, restore);
  if (worked.length) say(`${named(worked)} restored.`);
}
