// The one video that the keys act on. Known by its id, so that it stays the same when others come and go.
import { computed, effect, signal } from "@preact/signals";
import { ids, key, next, total } from "./results.js";

const place = signal({ id: null, index: 0 });
/** How many there are to move over: all that match, also those not loaded yet while there are more to load. */
export const countAll = computed(() => Math.max(ids.value?.length ?? 0, next.value ? (total.value ?? 0) : 0));
export const active = computed(() => Math.min(place.value.index, Math.max(0, countAll.value - 1)));
export const activeId = computed(() => ids.value?.[active.value] ?? null);
/** Set when the focus is to follow to the active cell as soon as it is drawn. */
export const focusWanted = signal(false);

export function setActive(index) {
  const id = ids.peek()?.[index] ?? null;
  if (place.peek().index !== index || place.peek().id !== id) place.value = { id, index };
}

export const focusActive = () => (focusWanted.value = true);

/** To the active card; where there is none, to the way out, else to the name of the view. */
export function focusBack() {
  if (countAll.peek()) return focusActive();
  return (document.querySelector(".empty .button") ?? document.querySelector("#library-heading"))?.focus();
}

/** Whoever stood on something that went away, after the next drawing stands on a card again. */
export function catchFocus() {
  requestAnimationFrame(() => document.activeElement === document.body && focusBack());
}

effect(() => {
  const list = ids.value;
  const { id, index } = place.peek();
  if (!list) return;
  if (id === null) return setActive(index);
  if (list[index] === id) return;
  const now = list.indexOf(id);
  // Gone: the one that took its place.
  setActive(now < 0 ? Math.min(index, Math.max(0, countAll.peek() - 1)) : now);
  if (document.activeElement?.closest('[role="grid"]')) focusActive();
});
let before = key.peek();
effect(() => {
  if (key.value === before) return;
  before = key.value;
  place.value = { id: null, index: 0 };
});
