// When a video in the trash is deleted for good; hovering shows the instant.
import { minute } from "../clock.js";
import { html } from "../html.js";
import { leaves } from "./words.js";

export function Leaves({ video }) {
  const { words, title } = leaves(video, minute.value);
  return html`<span title=${title || null} data-leaves="">${words}</span>`;
}
