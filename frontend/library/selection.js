// Which videos are picked, for acting on many: single ones, ranges, all that are loaded.
import { computed, effect, signal } from "@preact/signals";
import { ids, key } from "./results.js";

export const picked = signal(new Set());
export const pickedCount = computed(() => picked.value.size);
/** Where a range starts. */
let anchorId = null;

export function toggle(id) {
  const next = new Set(picked.peek());
  if (!next.delete(id)) next.add(id);
  picked.value = next;
  anchorId = id;
}

/** From the last one picked to this one; what was picked before stays. */
export function pickTo(id) {
  const list = ids.peek() ?? [];
  const from = list.indexOf(anchorId);
  const to = list.indexOf(id);
  if (from < 0 || to < 0) return toggle(id);
  picked.value = new Set([...picked.peek(), ...list.slice(Math.min(from, to), Math.max(from, to) + 1)]);
}

/** Moving with Shift: the range follows the step, and shrinks when one goes back. */
export function stretch(fromId, toId) {
  const list = ids.peek() ?? [];
  anchorId ??= fromId;
  if (!picked.peek().has(anchorId)) anchorId = fromId;
  const [anchor, from, to] = [anchorId, fromId, toId].map((id) => list.indexOf(id));
  if (anchor < 0 || to < 0) return;
  const range = (end) => list.slice(Math.min(anchor, end), Math.max(anchor, end) + 1);
  const before = new Set(range(from));
  const kept = [...picked.peek()].filter((id) => !before.has(id));
  picked.value = new Set([...kept, ...range(to)]);
}

export const pickAll = () => (picked.value = new Set(ids.peek() ?? []));

export function clearPicked() {
  anchorId = null;
  if (picked.peek().size) picked.value = new Set();
}

export const unpick = (some) => (picked.value = new Set([...picked.peek()].filter((id) => !some.includes(id))));

// What one cannot see is not acted on: other filters begin with nothing picked, and what is gone is picked no more.
effect(() => {
  key.value;
  clearPicked();
});
effect(() => {
  const list = ids.value ?? [];
  if (!picked.peek().size) return;
  const there = new Set(list);
  const left = [...picked.peek()].filter((id) => there.has(id));
  if (left.length < picked.peek().size) picked.value = new Set(left);
});
