// The open video beside the grid, or over the whole view where there is no room beside.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { openTitle } from "../shell/title.js";
import { record, titleOf } from "../videos/records.js";
import { focusBack, setActive } from "./active.js";
import { isTrash } from "./query.js";
import { drop, ids, putBack } from "./results.js";
import { closeVideo, filters, openAt, openId, playNow } from "./route.js";

/** Loaded when the first video is opened: the grid is there sooner. */
const part = signal(null);
const missing = signal("");
async function fetchPart() {
  try {
    missing.value = "";
    part.value ??= (await import("../details/view.js")).Details;
  } catch {
    missing.value = "The details could not be loaded. Reload the page.";
  }
}

const onTrashed = (id) => drop([id]);
const onRestored = (id) => (isTrash(filters.peek()) ? drop([id]) : putBack([id]));

export function DetailsPane() {
  const id = openId.value;
  const pane = useRef();
  useEffect(() => {
    if (id) fetchPart();
  }, [id]);
  useEffect(() => {
    openTitle.value = id && record(id).value ? titleOf(record(id).value) : "";
  }, [id, id && record(id).value]);
  useEffect(() => () => (openTitle.value = ""), []);
  useReturn(id);
  if (!id) return null;
  const Details = part.value;
  return html`
    <aside ref=${pane} class="library-details" aria-label="Open video" onKeyDown=${onKey}>
      ${Details && html`<${Details} key=${id} id=${id} autoplay=${playNow.value} at=${openAt.value} onClose=${closeVideo} onTrashed=${onTrashed} onRestored=${onRestored} />`}
      ${missing.value && html`<p class="trouble" role="alert">${missing.value}</p>`}
    </aside>
  `;
}

function onKey(event) {
  if (event.key !== "Escape" || event.defaultPrevented || event.target.closest("dialog")) return;
  event.preventDefault();
  closeVideo();
}

/** When it closes, the focus goes back to the video in the grid. */
function useReturn(id) {
  const before = useRef(null);
  useEffect(() => {
    const was = before.current;
    before.current = id;
    if (!was || id) return;
    const at = ids.peek()?.indexOf(was) ?? -1;
    if (at >= 0) setActive(at);
    focusBack();
  }, [id]);
}
