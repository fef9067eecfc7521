// The queue itself: which files are in it, and its copy in the browser. What moves them is courier.js.
import { computed, signal } from "@preact/signals";
import { session } from "../server/session.js";
import { MOVING, UNSENT } from "./item.js";
import { drop, dropCopy, put } from "./store.js";
import { tell } from "./tabs.js";

const all = signal([]);

/** Whoever is signed in: nobody sees or sends what somebody else put into the queue of this browser. */
export const person = computed(() => session.value?.user?.name ?? null);
export const items = computed(() => all.value.filter((item) => item.person === person.value));
/** What would be interrupted if this tab were closed now. */
export const unsent = computed(() => all.value.filter((item) => item.file && UNSENT.includes(item.state.value)));
export const moving = () => all.peek().filter((item) => item.run && MOVING.includes(item.state.peek()));
export const known = (id) => all.peek().find((item) => item.id === id);

export function enlist(made) {
  all.value = [...all.peek(), ...made].sort((one, two) => one.order - two.order);
}

/** Take an item off the list of this tab; what is kept of it in the browser is not touched. */
export function unlist(item) {
  all.value = all.peek().filter((other) => other !== item);
}

/** Keep what is known of the item now. */
export async function save(item) {
  if (!all.peek().includes(item) || item.state.peek() === "refused") return;
  await put(item.record);
  tellOf(item, "changed");
}

/** Let the other tabs know how it stands with a file whose bytes this tab has. */
export function tellOf(item, kind) {
  tell({ kind, id: item.id, isHeld: Boolean(item.file), state: item.state.peek(), bytes: item.bytes.peek() });
}

/** Take it off the list, here and in every tab. */
export async function forget(item) {
  unlist(item);
  letGo(item);
  await drop(item.id);
  tell({ kind: "changed", id: item.id });
}

/** This tab no longer has the bytes, so another may. */
export function letGo(item) {
  item.file = null;
  item.release?.();
  item.release = null;
}

/** Saved on the server: nothing of the bytes is needed here any more. */
export function freeBytes(item) {
  letGo(item);
  item.handle.value = null;
  if (item.isCopied) dropCopy(item.id);
  item.isCopied = false;
}

export function clearSaved() {
  for (const item of items.peek()) if (item.state.peek() === "saved") forget(item);
}

addEventListener("beforeunload", (event) => {
  if (unsent.peek().length) event.preventDefault();
});
