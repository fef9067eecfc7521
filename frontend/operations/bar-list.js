// Figures by name as a table with a bar in each row: the largest first, the first ten and the others together.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { Shape } from "../parts/state-mark.js";
import { count, percent, size } from "../words/sizes.js";
import { Way } from "./links.js";
import { Piece } from "./share-bar.js";

const SHOWN = 10;
const NEARLY = 0.9;

/** Its rows are laid out as grids, so its roles are written out.
 * `rows`: [{key, name, count, bytes, to?, note?, quota?}], `quota` being the project as /api/projects tells it. */
export function BarList({ title, rows, empty = "" }) {
  const isAll = useSignal(false);
  const sorted = [...rows].sort((one, two) => two.bytes - one.bytes || two.count - one.count || one.name.localeCompare(two.name));
  const some = isAll.value ? sorted : sorted.slice(0, SHOWN);
  const rest = sorted.slice(SHOWN);
  const most = sorted[0]?.bytes || 1;
  return html`
    <div class="panel bar-list" data-bars=${title}>
      ${rows.length ? html`
        <table role="table">
          <caption>${title}</caption>
          <thead class="visually-hidden" role="rowgroup"><tr role="row">${["Name", "Videos", "Size"].map((says) => html`<th key=${says} role="columnheader">${says}</th>`)}</tr></thead>
          <tbody role="rowgroup">
            ${some.map((row) => html`<${Row} key=${row.key} row=${row} most=${most} />`)}
            ${rest.length > 0 && !isAll.value && html`<${Row} key="others" row=${together(rest)} most=${most} />`}
          </tbody>
        </table>
      ` : html`<h3 class="bar-title">${title}</h3><p class="soft">${empty || "Nothing yet."}</p>`}
      ${rest.length > 0 && html`
        <button type="button" class="more" aria-expanded=${isAll.value ? "true" : "false"} onClick=${() => (isAll.value = !isAll.peek())}>
          ${isAll.value ? `Show the first ${SHOWN}` : `Show all ${sorted.length}`}<span class="visually-hidden"> of ${title.toLowerCase()}</span>
        </button>
      `}
    </div>
  `;
}

const together = (rows) => ({
  name: `${rows.length} ${rows.length === 1 ? "other" : "others"}`,
  count: rows.reduce((sum, row) => sum + row.count, 0),
  bytes: rows.reduce((sum, row) => sum + row.bytes, 0),
});

const Row = ({ row: { name, count: number, bytes, to, quota, note }, most }) => html`
  <tr role="row">
    <th role="rowheader"><${Way} to=${to}><bdi>${name}</bdi><//>${quota && html`<${Quota} project=${quota} />`}${note && html`<small class="soft">${note}</small>`}</th>
    <td role="cell" class="figures soft">${count(number, "video")}</td>
    <td role="cell" class="figures">${size(bytes)}</td>
    <td class="bar" aria-hidden="true"><${Piece} tone="accent" share=${bytes / most} /></td>
  </tr>
`;

/** What counts against a quota is all that is kept, in the trash too. */
function Quota({ project: { bytes, quota_bytes: quota } }) {
  const words = `${percent(bytes, quota) || (bytes ? "under 1" : 0)} % of its ${size(quota, { plain: true })}`;
  if (bytes >= quota) return html`<small class="tone-needs"><${Shape} shape="needs" />${" "}Full: ${words}</small>`;
  if (bytes >= NEARLY * quota) return html`<small class="tone-needs"><${Shape} shape="needs" />${" "}Nearly full: ${words}</small>`;
  return html`<small class="soft">${words}</small>`;
}
