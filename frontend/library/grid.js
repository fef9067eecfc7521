// The videos themselves: only the rows in sight are drawn, at their places in a box as high as all of them.
//
// An ARIA grid, not a listbox: each video holds a link and a tick of its own, which options of a listbox may not; and
// in a grid screen readers hand the arrow keys to the page, and tell row and column of all, also of those not drawn.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { followAll } from "../videos/poll.js";
import { active } from "./active.js";
import { Cell } from "./cell.js";
import { onKey } from "./keys.js";
import { rowsOf } from "./layout.js";
import { changing, ids } from "./results.js";
import { filters, view } from "./route.js";
import { isTrash } from "./query.js";
import { useStyle } from "./style.js";
import { countShown, drawn, layout, look, stayAt, watch } from "./sight.js";

export function Grid() {
  const box = useRef();
  const now = layout.value;
  const count = countShown.value;
  const rows = rowsToDraw(count, now);
  useStyle(box, sizesOf(count, now));
  useLayoutEffect(() => watch(box.current), []);
  useLayoutEffect(look, [count]);
  useStaying(now);
  useFollowing(rows, now);
  return html`
    <div ref=${box} class=${`library-${view.value} ${changing.value ? "is-changing" : ""}`} data-videos role="grid"
      aria-label="Videos" aria-multiselectable="true" aria-rowcount=${rowsOf(count, now)} aria-colcount=${now.columns}
      aria-busy=${changing.value ? "true" : null} onKeyDown=${onKey}>
      ${rows.map((row) => html`<${Row} key=${row} row=${row} count=${count} layout=${now} />`)}
    </div>
  `;
}

const sizesOf = (count, layout) => ({
  height: `${Math.max(0, rowsOf(count, layout) * layout.rowHeight - layout.rowGap)}px`,
  "--columns": String(layout.columns),
  "--gap": `${layout.gap}px`,
  "--row-height": `${layout.rowHeight - layout.rowGap}px`,
  "--picture-height": `${layout.pictureHeight}px`,
});

/** Those in sight, and the one with the focus wherever it is: else the keys would have nothing to stand on. */
function rowsToDraw(count, { columns }) {
  const { first, last } = drawn.value;
  const all = rowsOf(count, { columns });
  const held = Math.floor(active.value / columns);
  const rows = Array.from({ length: Math.max(0, Math.min(last, all) - first) }, (_, at) => first + at);
  if (held < first) return [held, ...rows];
  return held >= last && held < all ? [...rows, held] : rows;
}

function Row({ row, count, layout: { columns, rowHeight } }) {
  const line = useRef();
  useStyle(line, { transform: `translateY(${row * rowHeight}px)` });
  const first = row * columns;
  const places = Array.from({ length: Math.min(columns, count - first) }, (_, at) => first + at);
  const list = ids.value ?? [];
  return html`
    <div ref=${line} class="library-row" role="row" aria-rowindex=${row + 1}>
      ${places.map((index) => html`<${Cell} key=${index} id=${list[index] ?? null} index=${index} column=${index - first + 1} />`)}
    </div>
  `;
}

function useStaying(now) {
  const before = useRef(now);
  useLayoutEffect(() => {
    if (before.current !== now) stayAt(before.current, now);
    before.current = now;
  }, [now]);
}

/** The states of what is drawn are kept true. In the trash nothing moves, and the server lists it only when asked for. */
function useFollowing(rows, { columns }) {
  const seen = rows.flatMap((row) => (ids.value ?? []).slice(row * columns, (row + 1) * columns));
  const together = isTrash(filters.value) ? "" : seen.join(",");
  useEffect(() => (together ? followAll(together.split(",")) : undefined), [together]);
}
