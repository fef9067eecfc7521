// One file in the queue: what was chosen, where it stands, and what can be said of it.
import { computed, signal } from "@preact/signals";
import { now } from "../clock.js";

/**
 * Where an item stands:
 * held (waits for its title) → queued → sending → saving (all bytes sent) → saved;
 * paused (by a person), waiting (goes on by itself), failed (a person may retry), refused (can never be taken);
 * after a reload: opening (is the file at hand?), needs (the file again, from a person), elsewhere (another tab has it).
 */
export const MOVING = ["sending", "saving"];
export const UNSENT = ["held", "queued", "sending", "saving", "paused", "waiting"];
const OF_THIS_TAB = ["opening", "needs", "elsewhere"];
export const PAUSABLE = ["queued", "sending", "waiting"];

export class Item {
  /** The file's bytes while this tab has them; with them goes `release`, which lets go of the item's lock. */
  file = null;
  release = null;
  /** The attempt under way, and what ends it. */
  run = null;
  stop = null;
  losses = 0;
  restarts = 0;
  bytesPerSecond = signal(null);
  movedAt = signal(0);
  /** Why it waits: "lost" (connection), "busy" (server), "signed-out". */
  reason = signal("");
  retryAt = signal(null);
  /** Something that happened to it and is over. */
  note = signal("");
  /** Why the words could not be changed on the server. */
  wordsProblem = signal("");
  /** What another tab tells of it: {state, bytes}. */
  elsewhere = signal(null);
  /** Another file that was chosen for it, and is not it. */
  stranger = signal(null);

  constructor(record) {
    const { id, person, order, name, size, lastModified, project, label } = record;
    Object.assign(this, { id, person, order, name, size, lastModified, project, label });
    /** What some browsers give to get at the file again after a reload. */
    this.handle = signal(record.handle ?? null);
    this.sample = record.sample ?? "";
    this.isCopied = record.isCopied ?? false;
    this.title = signal(record.title ?? "");
    this.tags = signal(record.tags ?? "");
    this.description = signal(record.description ?? "");
    this.state = signal(record.state ?? "queued");
    /** Where it stood before the page was closed. */
    this.before = record.before ?? "queued";
    this.bytes = signal(record.bytes ?? 0);
    this.problem = signal(record.problem ?? "");
    /** The address of the upload on the server, once it was begun. */
    this.url = signal(record.url ?? "");
    /** The words as the server has them, in the form of `words`; null while it has none. */
    this.wordsThere = signal(record.wordsThere ?? null);
    this.isWorded = signal(record.isWorded ?? false);
    this.words = computed(() => wordsOf(this.title.value, this.tags.value, this.description.value));
  }

  /** What is kept of it in the browser. */
  get record() {
    const { id, person, order, name, size, lastModified, project, label, sample, isCopied } = this;
    const told = ["handle", "title", "tags", "description", "state", "bytes", "problem", "url", "wordsThere", "isWorded"];
    const values = Object.fromEntries(told.map((key) => [key, this[key].peek()]));
    if (OF_THIS_TAB.includes(values.state)) values.state = this.before;
    return { id, person, order, name, size, lastModified, project, label, sample, isCopied, ...values };
  }

  /** The id of the upload, which is that of the video it becomes. */
  get videoId() {
    return this.url.value.split("/").at(-1);
  }

  get areWordsThere() {
    return this.wordsThere.value === this.words.value;
  }

  get hasWords() {
    return Boolean(this.title.value.trim() || this.tags.value.trim() || this.description.value.trim());
  }

  get secondsLeft() {
    const rate = this.bytesPerSecond.value;
    return rate > 0 ? (this.size - this.bytes.value) / rate : null;
  }

  /** Seconds without a byte moving, or 0 while that is nothing to speak of. */
  get stalledSeconds() {
    const seconds = Math.floor((now.value - this.movedAt.value) / 1000);
    return seconds >= 3 ? seconds : 0;
  }
}

const wordsOf = (title, tags, description) =>
  JSON.stringify({
    title: title.trim(),
    description: description.trim(),
    tags: tags.split(",").map((tag) => tag.trim()).filter(Boolean),
  });
