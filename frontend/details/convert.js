// A form for a conversion: which format, and which sizes, none larger than the original.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { html } from "../html.js";
import { announce } from "../shell/announce.js";
import { jobName } from "../words/media.js";
import { convert } from "./acts.js";

const FORMATS = [
  ["mp4", "MP4", "plays almost everywhere"],
  ["webm", "WebM", "open formats only"],
  ["hls", "HLS", "several sizes in pieces, for players that follow the line's speed"],
];
const HEIGHTS = [2160, 1440, 1080, 720, 480, 360, 240, 144];

/** The sizes on offer: none above the original's lines. */
export const heightsFor = ({ media }) => (media?.facts?.video_codec ? HEIGHTS.filter((each) => each <= media.facts.height) : []);

export function ConvertForm({ video }) {
  const offered = heightsFor(video);
  const format = useSignal("mp4");
  const chosen = useSignal([offered.find((each) => each <= 720) ?? offered[0]]);
  const trouble = useSignal("");
  const busy = useSignal(false);
  const box = useRef();
  if (!offered.length) return null;
  const tick = (height, isOn) => {
    chosen.value = offered.filter((each) => (each === height ? isOn : chosen.peek().includes(each)));
  };
  const send = async (event) => {
    event.preventDefault();
    busy.value = true;
    trouble.value = "";
    try {
      await convert(video.id, format.peek(), chosen.peek());
      announce(`${jobName({ kind: "convert", parameters: `${format.peek()}-${chosen.peek()}` })}: in line.`);
      box.current.open = false;
      box.current.querySelector("summary").focus();
    } catch (problem) {
      trouble.value = problem.message;
    }
    busy.value = false;
  };
  return html`
    <details class="convert" ref=${box}>
      <summary class="button small">Convert…</summary>
      <form onSubmit=${send}>
        <fieldset><legend>Format</legend>
          ${FORMATS.map(([value, name, words]) => html`
            <label key=${value} class="tick"><input type="radio" name="format" value=${value} checked=${format.value === value}
              onChange=${() => (format.value = value)} /><span>${name} <span class="soft">· ${words}</span></span></label>
          `)}
        </fieldset>
        <fieldset><legend>Lines</legend>
          <div class="convert-heights">
            ${offered.map((height) => html`
              <label key=${height} class="tick figures"><input type="checkbox" checked=${chosen.value.includes(height)}
                onChange=${(event) => tick(height, event.target.checked)} />${height}</label>
            `)}
          </div>
        </fieldset>
        <p class="made-acts">
          <button type="submit" class="button small primary" disabled=${busy.value || !chosen.value.length}>${busy.value ? "Asking…" : "Convert"}</button>
        </p>
        ${trouble.value && html`<p class="act-trouble tone-failed" role="alert">${trouble.value}</p>`}
      </form>
    </details>
  `;
}
