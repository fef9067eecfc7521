// Where each video stands: columns and rows from the room there is, and which rows are in sight. Pure arithmetic.

const CARD_LEAST_PX = 208;
const CARD_LEAST_NARROW_PX = 156;
const NARROW_PX = 480;
const GAP_PX = 16;
const GAP_NARROW_PX = 12;
const ROW_GAP_PX = 24;
/** The words below a card's picture, and a row of the list, in rem: they grow with the reader's text. */
const WORDS_REM = 4.75;
const WORDS_NARROW_REM = 6;
const ROW_REM = 3.75;
const ROW_NARROW_REM = 5.25;
const WIDE_ROW_PX = 640;
const OVERSCAN_PX = 500;
/** No browser draws a page higher than this; beyond it one has to narrow the search. */
const MOST_HEIGHT_PX = 15_000_000;

/** {columns, gap, rowGap, rowHeight, pictureHeight}: `rowHeight` includes the gap below. `rem` is in pixels. */
export function layoutOf(view, width, rem) {
  if (view === "list") return { columns: 1, gap: 0, rowGap: 0, rowHeight: Math.round((width < WIDE_ROW_PX ? ROW_NARROW_REM : ROW_REM) * rem), pictureHeight: 0 };
  const isNarrow = width < NARROW_PX;
  const gap = isNarrow ? GAP_NARROW_PX : GAP_PX;
  const columns = Math.max(1, Math.floor((width + gap) / ((isNarrow ? CARD_LEAST_NARROW_PX : CARD_LEAST_PX) + gap)));
  const pictureHeight = Math.round((((width - gap * (columns - 1)) / columns) * 9) / 16);
  return { columns, gap, rowGap: ROW_GAP_PX, pictureHeight, rowHeight: pictureHeight + Math.round((isNarrow ? WORDS_NARROW_REM : WORDS_REM) * rem) + ROW_GAP_PX };
}

/** How many videos can be shown at all. */
export const mostShown = ({ columns, rowHeight }) => Math.floor(MOST_HEIGHT_PX / rowHeight) * columns;

export const rowsOf = (count, { columns }) => Math.ceil(count / columns);

/** The rows to draw, `last` excluded. `top`: where the first row is, from the upper edge of the window. */
export function inSight(top, windowHeight, count, layout) {
  const rows = rowsOf(count, layout);
  const first = Math.floor((-top - OVERSCAN_PX) / layout.rowHeight);
  const last = Math.ceil((-top + windowHeight + OVERSCAN_PX) / layout.rowHeight);
  return { first: Math.min(Math.max(0, first), rows), last: Math.min(Math.max(0, last), rows) };
}

/** How far to scroll so that a row is whole between `head` and the lower edge; 0 when it is. */
export function scrollFor(row, top, windowHeight, head, foot, layout) {
  const upper = top + row * layout.rowHeight;
  const lower = upper + layout.rowHeight - layout.rowGap;
  if (upper < head) return upper - head;
  if (lower > windowHeight - foot) return Math.min(lower - windowHeight + foot, upper - head);
  return 0;
}
