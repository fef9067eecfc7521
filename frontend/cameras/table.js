// The timeline as a table: every stretch and gap of what is shown, for those who do not see the lanes.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { minute } from "../clock.js";
import { cameraList, lanes, nameOf } from "./known.js";
import { Instant, lengthWords } from "./moments.js";
import { span } from "./span.js";
import { sumOf, sumWords } from "./sums.js";
import { needsZone } from "./zone.js";

const AT_MOST = 200;

export function AsTable() {
  const isOpen = useSignal(false);
  return html`
    <details class="as-table" onToggle=${(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>What is shown, as tables</summary>
      ${isOpen.value && html`<div class="as-tables">${cameraList.value.map((camera) => html`<${Table} key=${camera.camera_id} camera=${camera} />`)}</div>`}
    </details>
  `;
}

function Table({ camera }) {
  const shown = span.value;
  if (!shown) return null;
  // What is still to come is no gap.
  const to = Math.max(shown.from + 1, Math.min(shown.to, Math.max(minute.value, ...(lanes.value.get(camera.camera_id)?.stretches ?? []).slice(-1).map((last) => last.to))));
  const sum = sumOf(lanes.value.get(camera.camera_id), shown.from, to);
  const rows = rowsOf(sum, shown.from, to);
  const isZoned = needsZone(...rows.slice(0, AT_MOST).map((row) => row.from));
  return html`
    <table data-table=${camera.camera_id}>
      <caption><bdi>${nameOf(camera)}</bdi>: ${sumWords(sum).toLowerCase()}${sum && !sum.gaps && ". Zoom in to have them listed"}</caption>
      ${rows.length > 0 && html`
        <thead><tr><th scope="col">What</th><th scope="col">From</th><th scope="col">For</th></tr></thead>
        <tbody class="figures">
          ${rows.slice(0, AT_MOST).map(({ what, from, to: end }) => html`<tr key=${from}><th scope="row">${what}</th><td><${Instant} at=${from} isZoned=${isZoned} /></td><td>${lengthWords(end - from)}</td></tr>`)}
        </tbody>
      `}
      ${rows.length > AT_MOST && html`<tfoot><tr><td colspan="3">${rows.length - AT_MOST} more: zoom in to have them listed.</td></tr></tfoot>`}
    </table>
  `;
}

function rowsOf(sum, from, to) {
  if (!sum?.stretches) return [];
  const recorded = sum.stretches.map((stretch) => ({ what: "Recorded", from: Math.max(from, stretch.from), to: Math.min(to, stretch.to) }));
  return [...recorded, ...sum.gaps.map((gap) => ({ what: "Gap", ...gap }))].sort((one, two) => one.from - two.from);
}
