// One thing about a video as it is being written, and how far it is saved. Its kinds: a text here, the tags beside it.
import { batch, computed, effect, signal } from "@preact/signals";
import { call, get } from "../server/api.js";
import { session } from "../server/session.js";
import { announce } from "../shell/announce.js";
import { keep, pathOf, record } from "../videos/records.js";

const TOLD_MS = 4000;
const NAMES = { title: "Title", description: "Description", tags: "Tags" };
export const SIGNED_OUT = "You were signed out. It is saved once you are signed in again.";

export class Edit {
  /** null: nothing is written that the server does not have. */
  text = signal(null);
  /** "" | "saving" | "saved" | "refused" | "waits" (for the connection) | "signed-out" */
  state = signal("");
  problem = signal("");
  #line = Promise.resolve();
  #timer = null;

  constructor(id, field) {
    this.id = id;
    this.field = field;
  }

  get name() {
    return NAMES[this.field];
  }

  get video() {
    return record(this.id).peek();
  }

  write(text) {
    this.text.value = text;
    if (this.state.peek() === "saved") this.state.value = "";
  }

  /** Back to what the server has. */
  restore() {
    this.text.value = null;
    this.state.value = "";
    this.problem.value = "";
  }

  /** Save what there is to save, after what is on its way. Resolves to whether it was taken. */
  save() {
    return (this.#line = this.#line.then(() => (this.video?.status === "trashed" ? false : this.send())));
  }

  /** Ask the server for `body()`, which may find that nothing is to be sent; `taken(video)` when it was. */
  async ask(body, taken) {
    if (session.peek() === null) return this.#held("signed-out", SIGNED_OUT);
    this.state.value = "saving";
    try {
      const changes = await body();
      if (!changes) return void (this.state.value = "") ?? false;
      const { video } = await call("PATCH", pathOf(this.id), { body: changes });
      batch(() => {
        taken(video);
        if (video) keep(video);
        this.#told();
      });
      return true;
    } catch (problem) {
      if (problem.status === 0) return this.#held("waits", problem.message);
      if (problem.status === 401) return this.#held("signed-out", SIGNED_OUT);
      return this.#held("refused", problem.message);
    }
  }

  #told() {
    this.problem.value = "";
    this.state.value = "saved";
    announce(`${this.name} saved.`);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.state.peek() === "saved" && (this.state.value = ""), TOLD_MS);
  }

  #held(state, words) {
    if (this.state.peek() !== state || this.problem.peek() !== words) announce(`${this.name} not saved: ${words}`, { isTrouble: true });
    this.problem.value = words;
    this.state.value = state;
    return false;
  }
}

/** Title or description. What somebody else wrote meanwhile is not overwritten before the writer has chosen. */
export class TextEdit extends Edit {
  /** What the server had when the writing began. */
  #base = signal("");
  /** Last sent: it may have been taken although no answer came. */
  #tried = signal(null);
  #isOnItsWay = false;
  /** What the server has by now from somebody else; null while there is nothing to choose. */
  theirs = computed(() => {
    const [text, now] = [this.text.value, record(this.id).value?.[this.field] ?? ""];
    return text === null || [text, this.#base.value, this.#tried.value].includes(now) ? null : now;
  });

  constructor(id, field) {
    super(id, field);
    effect(() => {
      if (this.theirs.value !== null) announce(`${this.name}: changed meanwhile by somebody else. Choose which to keep.`, { isTrouble: true });
    });
  }

  get #now() {
    return this.video?.[this.field] ?? "";
  }

  write(text) {
    batch(() => {
      if (this.text.peek() === null) this.#base.value = this.#now;
      super.write(text);
    });
  }

  restore() {
    batch(() => {
      super.restore();
      this.#tried.value = null;
    });
  }

  keepMine() {
    this.#base.value = this.#now;
    return this.save();
  }

  save() {
    if (this.text.peek() === null || (this.#isOnItsWay && this.text.peek() === this.#tried.peek())) return undefined;
    return super.save();
  }

  isUnsent() {
    return this.text.peek() !== null && this.text.peek() !== this.#now;
  }

  /** What can still be sent when the page goes. */
  last() {
    return this.isUnsent() && this.theirs.peek() === null && this.state.peek() !== "refused" ? { [this.field]: this.text.peek() } : {};
  }

  async send() {
    const text = this.text.peek();
    if (text === null || this.theirs.peek() !== null) return false;
    if (!this.isUnsent()) return void this.restore() ?? true;
    const body = async () => {
      // As it is now: the record may be old, above all after a time without connection.
      keep((await get(pathOf(this.id))).video);
      if (this.theirs.peek() !== null) return null;
      this.#tried.value = text;
      this.#isOnItsWay = true;
      return { [this.field]: text };
    };
    const taken = (video) => {
      this.#base.value = video ? video[this.field] : text;
      this.#tried.value = null;
      // What was written on meanwhile is saved when its turn comes.
      if (this.text.peek() === text) this.text.value = null;
    };
    return this.ask(body, taken).finally(() => (this.#isOnItsWay = false));
  }
}
