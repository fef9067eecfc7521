// What is to be seen at a place: the storyboard's picture of it and its time, above the seek bar.
import { useLayoutEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { clockTime } from "../words/lengths.js";
import { tileAt } from "./storyboard.js";

const WIDEST = 168;

export function SeekPreview({ video, seconds, length }) {
  const box = useRef();
  const picture = useRef();
  const tile = tileAt(video, seconds);
  useLayoutEffect(() => {
    if (tile) show(picture.current, tile);
  }, [tile?.url, tile?.x, tile?.y]);
  useLayoutEffect(() => place(box.current, length > 0 ? seconds / length : 0), [seconds, length, Boolean(tile)]);
  return html`
    <div class="seek-preview" ref=${box} aria-hidden="true">
      ${tile && html`<div class="seek-picture" ref=${picture} data-tile=${`${tile.url}#xywh=${tile.x},${tile.y},${tile.w},${tile.h}`} />`}
      <span class="seek-time figures">${clockTime(seconds)}</span>
    </div>
  `;
}

function show(element, { url, x, y, w, h, sheetWidth, sheetHeight }) {
  const scale = Math.min(1, WIDEST / Math.max(w, h));
  Object.assign(element.style, {
    width: `${w * scale}px`,
    height: `${h * scale}px`,
    backgroundImage: `url("${url}")`,
    backgroundPosition: `${-x * scale}px ${-y * scale}px`,
    backgroundSize: `${sheetWidth * scale}px ${sheetHeight * scale}px`,
  });
}

/** Over its place, but never beyond the bar's ends. */
function place(box, share) {
  const room = box.parentElement.clientWidth;
  const half = box.offsetWidth / 2;
  box.style.left = `${Math.min(Math.max(share * room, half), Math.max(half, room - half))}px`;
}
