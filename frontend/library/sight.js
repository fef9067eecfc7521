// Which rows of a long list are in sight, as the window scrolls and changes its size; and scrolling to one of them.
import { batch, computed, signal } from "@preact/signals";
import { active, countAll } from "./active.js";
import { inSight, layoutOf, mostShown, scrollFor } from "./layout.js";
import { need } from "./results.js";
import { view } from "./route.js";

const SPACE_PX = 12;
const width = signal(0);
const rem = signal(16);
const rows = signal({ first: 0, last: 0 });
let box = null;
let top = 0;

export const layout = computed(() => layoutOf(view.value, width.value, rem.value));
export const countShown = computed(() => Math.min(countAll.value, mostShown(layout.value)));
export const drawn = computed(() => (width.value ? rows.value : { first: 0, last: 0 }));

/** Follow the box that holds the rows. Returns the function that ends it. */
export function watch(element) {
  box = element;
  const sizes = new ResizeObserver(measure);
  sizes.observe(element);
  let asked = 0;
  const later = () => (asked ||= requestAnimationFrame(() => ((asked = 0), look())));
  addEventListener("scroll", later, { passive: true });
  addEventListener("resize", later);
  measure();
  return () => {
    cancelAnimationFrame(asked);
    sizes.disconnect();
    removeEventListener("scroll", later);
    removeEventListener("resize", later);
    box = null;
  };
}

function measure() {
  if (!box?.clientWidth) return;
  batch(() => {
    width.value = box.clientWidth;
    rem.value = parseFloat(getComputedStyle(document.documentElement).fontSize);
  });
  look();
}

/** See which rows are in sight now. */
export function look() {
  if (!box) return;
  top = box.getBoundingClientRect().top;
  const { first, last } = inSight(top, innerHeight, countShown.peek(), layout.peek());
  const before = rows.peek();
  if (before.first !== first || before.last !== last) rows.value = { first, last };
  need(last * layout.peek().columns);
}

/** Scroll as little as needed to see the video at `index` whole. */
export function reveal(index) {
  if (!box) return;
  const now = layout.peek();
  const by = scrollFor(Math.floor(index / now.columns), box.getBoundingClientRect().top, innerHeight, coveredAbove() + SPACE_PX, coveredBelow() + SPACE_PX, now);
  if (by) window.scrollBy(0, by);
  look();
}

/** After the layout changed: what one looked at stands where it stood. */
export function stayAt(before, after) {
  if (!box || !before.rowHeight || top >= 0) return;
  const stood = (index) => top + Math.floor(index / before.columns) * before.rowHeight;
  const isSeen = (index) => stood(index) > coveredAbove() - before.rowHeight / 2 && stood(index) < innerHeight;
  const firstSeen = Math.max(0, Math.ceil((coveredAbove() - top) / before.rowHeight)) * before.columns;
  const index = isSeen(active.peek()) ? active.peek() : firstSeen;
  const stands = box.getBoundingClientRect().top + Math.floor(index / after.columns) * after.rowHeight;
  window.scrollBy(0, stands - stood(index));
  look();
}

/** What lies over the rows: the tools above, the bars below. */
const heightOf = (selector) => document.querySelector(selector)?.getBoundingClientRect().height ?? 0;
const coveredAbove = () => heightOf(".library-tools");
const coveredBelow = () => (document.querySelector(".offline") ? heightOf(".offline") + SPACE_PX : 0) + (document.querySelector(".bulk-bar") ? heightOf(".bulk-bar") + SPACE_PX : 0) + (innerWidth < 640 ? heightOf(".rail") : 0);

export const isAtTop = () => !box || box.getBoundingClientRect().top > 0;

/** How many rows a page is, for PageUp and PageDown. */
export const rowsOnPage = () => Math.max(1, Math.floor((innerHeight - coveredAbove()) / layout.peek().rowHeight));
