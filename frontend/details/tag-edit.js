// The tags of a video as they are being changed: what is to come and what is to go adds up until the server took it.
import { signal } from "@preact/signals";
import { facets } from "../videos/facets.js";
import { Edit } from "./edit.js";

export class TagEdit extends Edit {
  /** By tag: true when it is to come, false when it is to go. */
  changes = signal(new Map());
  /** Sent without an answer so far: only asking again makes them sure. */
  #unsure = new Set();

  get #tags() {
    return this.video?.tags ?? [];
  }

  /** What the server has, and what is to come. */
  all(tags) {
    return [...new Set([...tags, ...[...this.changes.value].filter(([, comes]) => comes).map(([tag]) => tag)])];
  }

  add(tags) {
    return this.#change(tags.map((tag) => [tag, true]));
  }

  remove(tag) {
    return this.#change([[tag, false]]);
  }

  /** Add what is written in the field. */
  addWritten() {
    const wanted = tagsIn(this.text.peek() ?? "");
    this.text.value = null;
    return this.add(wanted);
  }

  isUnsent() {
    return this.changes.peek().size > 0 || Boolean(this.text.peek()?.trim());
  }

  last() {
    return bodyOf([...this.changes.peek(), ...tagsIn(this.text.peek() ?? "").map((tag) => [tag, true])]);
  }

  #change(wishes) {
    const next = new Map(this.changes.peek());
    for (const [tag, comes] of wishes) {
      if (this.#tags.includes(tag) === comes && !this.#unsure.has(tag)) next.delete(tag);
      else next.set(tag, comes);
    }
    this.changes.value = next;
    if (next.size) return this.save();
    if (this.state.peek() !== "saving") this.state.value = "";
    return undefined;
  }

  async send() {
    const sent = [...this.changes.peek()];
    if (!sent.length) return true;
    sent.forEach(([tag]) => this.#unsure.add(tag));
    const isTaken = await this.ask(async () => bodyOf(sent), () => this.#done(sent));
    if (this.state.peek() === "refused") this.#takeBack(sent);
    return isTaken;
  }

  #done(sent) {
    const next = new Map(this.changes.peek());
    for (const [tag, comes] of sent) {
      if (next.get(tag) === comes) next.delete(tag);
      this.#unsure.delete(tag);
    }
    this.changes.value = next;
  }

  /** Refused: what was to go stays, what was to come is in the field again. */
  #takeBack(sent) {
    this.#done(sent);
    const words = [...sent.filter(([, comes]) => comes).map(([tag]) => tag), this.text.peek()].filter(Boolean);
    this.text.value = words.join(", ") || null;
  }

  restore() {
    super.restore();
    this.changes.value = new Map();
  }
}

function bodyOf(changes) {
  const those = (wanted) => changes.filter(([, comes]) => comes === wanted).map(([tag]) => tag);
  const [add, remove] = [those(true), those(false)];
  return { ...(add.length && { add_tags: add }), ...(remove.length && { remove_tags: remove }) };
}

/** A comma ends a tag, except within one that is in use with it. */
function tagsIn(written) {
  const whole = written.trim();
  if (facets.peek().tags.some(({ value }) => value === whole)) return [whole];
  return whole.split(",").map((tag) => tag.trim()).filter(Boolean);
}
