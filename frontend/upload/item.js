// One file in the queue: what was chosen, where it stands, and what can be said of it.
import { signal } from "@preact/signals";
import { now } from "../clock.js";
import { newKey } from "./key.js";

/**
 * Where an item stands:
 * held (waits for its title) → queued → sending → saving (all bytes sent) → saved;
 * waiting (tries again by itself), failed (a person may retry), refused (can never be taken).
 */
export const UNSENT = ["held", "queued", "sending", "saving", "waiting"];
const EDITABLE = ["held", "failed"];

let lastId = 0;

export class Item {
  constructor(file, { project, label, tags }) {
    this.id = `file-${++lastId}`;
    this.file = file;
    this.name = file.name;
    this.size = file.size;
    this.project = project;
    this.label = label;
    this.title = signal("");
    this.tags = signal(tags);
    this.state = signal("queued");
    this.bytes = signal(0);
    this.bytesPerSecond = signal(null);
    this.movedAt = signal(0);
    this.problem = signal("");
    this.retryAt = signal(null);
    /** The server's answer of 201, once saved. */
    this.saved = signal(null);
    this.key = newKey();
    /** True from the first attempt that may have reached the server: its words must not change under its key. */
    this.locked = signal(false);
    this.losses = 0;
    this.cancelTransfer = null;
  }

  get fields() {
    return { project_id: this.project, content_type: this.label, title: this.title.value.trim(), tags: this.tags.value.trim() };
  }

  get editable() {
    return EDITABLE.includes(this.state.value) && !this.locked.value;
  }

  isSameAs(file, project) {
    const { name, size, lastModified } = this.file;
    return name === file.name && size === file.size && lastModified === file.lastModified && this.project === project;
  }

  /** A definite refusal kept nothing: the next attempt is a new one, free to carry other words. */
  startAfresh() {
    this.key = newKey();
    this.locked.value = false;
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
