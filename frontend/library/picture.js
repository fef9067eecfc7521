// The picture of a video in 16:9: its thumbnail, scrubbed by the pointer; or a tile that says why there is none.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { hasPicture, pictureOf } from "../player/source.js";
import { clockTime } from "../words/lengths.js";
import { useScrub } from "./scrub.js";
import { whyNoPicture } from "./states.js";


/** A picture that could not be had is asked for again when something changed. */
const versionOf = ({ id, updated_at: at }) => `${id} ${at}`;

export function Picture({ video, cell, small = false }) {
  const frame = useRef();
  const missing = useSignal("");
  const at = useScrub(frame, cell, small ? null : video);
  const isThere = hasPicture(video) && missing.value !== versionOf(video);
  const length = video.duration_seconds;
  return html`
    <span ref=${frame} class=${`picture ${small ? "picture-small" : ""} ${video.media?.thumbnail?.waveform ? "picture-sound" : ""}`}>
      ${isThere
        ? html`<img src=${pictureOf(video)} alt="" loading="lazy" decoding="async" draggable=${false} onError=${() => (missing.value = versionOf(video))} />`
        : html`<${Instead} video=${video} small=${small} />`}
      ${!small && html`<span class="scrub" data-scrub hidden />`}
      ${!small && html`<span class="scrub-line" data-scrub-line hidden />`}
      ${!small && Number.isFinite(length) && html`<span class="badge figures">${clockTime(at.value ?? length)}</span>`}
    </span>
  `;
}

function Instead({ video, small }) {
  const { icon, words, tone } = whyNoPicture(video);
  return html`<span class=${`instead tone-${tone}`} title=${small ? words : null}><${Icon} name=${icon} />${!small && html`<span>${words}</span>`}</span>`;
}
