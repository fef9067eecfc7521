// One place in the grid: a video, or the room kept for one that is still on its way from the server.
import { useComputed } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { record, titleOf } from "../videos/records.js";
import { active, focusWanted, setActive } from "./active.js";
import { Card } from "./card.js";
import { ListRow } from "./list-row.js";
import { openId, openVideo, view } from "./route.js";
import { picked, pickTo, toggle } from "./selection.js";
import { spokenOf } from "./spoken.js";

export function Cell({ id, index, column }) {
  const cell = useRef();
  const isActive = useComputed(() => active.value === index).value;
  // Read here, not computed: a cell keeps its place, and another video may move into it.
  const isPicked = picked.value.has(id);
  const isOpen = id !== null && openId.value === id;
  const wanted = isActive && focusWanted.value;
  const video = id && record(id).value;
  useLayoutEffect(() => {
    if (!wanted) return;
    focusWanted.value = false;
    cell.current.focus({ preventScroll: true });
  }, [wanted]);
  const classes = ["cell", isPicked && "is-picked", isOpen && "is-open"].filter(Boolean).join(" ");
  return html`
    <div ref=${cell} class=${classes} role="gridcell" data-index=${index} data-video=${id} tabindex=${isActive ? 0 : -1}
      aria-colindex=${column} aria-selected=${isPicked ? "true" : "false"} aria-current=${isOpen ? "true" : null}
      aria-label=${video ? spokenOf(video) : "Loading"} aria-busy=${video ? null : "true"}
      onFocusIn=${() => setActive(index)} onClick=${(event) => onClick(event, id)}>
      ${video ? html`<${view.value === "list" ? ListRow : Card} video=${video} title=${titleOf(video)} isPicked=${isPicked} />` : html`<${Bones} />`}
    </div>
  `;
}

const Bones = () => html`<span class="cell-bones" aria-hidden="true"><span class="bone cell-bone" /><span class="bone bone-60" /><span class="bone bone-45" /></span>`;

/** A click on picture or title opens; on the tick it picks; with Shift it picks up to there. */
function onClick(event, id) {
  if (!id || event.defaultPrevented) return;
  const tick = event.target.closest("[data-tick]");
  if (event.shiftKey) pickTo(id);
  else if (tick) toggle(id);
  if (tick) {
    // The browser has changed the box already; what counts is what is picked.
    tick.checked = picked.peek().has(id);
  } else if (event.shiftKey) {
    event.preventDefault();
    getSelection()?.removeAllRanges();
  } else if (event.target.closest("a[data-open]") && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    openVideo(id);
  }
}
