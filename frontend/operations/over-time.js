// Storage over time: how much of what is kept now was there on each day, as two charts, a slider over the days, a table.
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { html } from "../html.js";
import { count, size } from "../words/sizes.js";
import { Chart } from "./chart.js";
import { Way, libraryAt } from "./links.js";
import { byteSteps, countSteps, dayWords, lastDays, runningTotals, summary } from "./series.js";

const SPANS = [[30, "30 days"], [365, "12 months"], [0, "All"]];

export function OverTime({ told }) {
  const span = useSignal(0);
  const picked = useSignal(null);
  const today = new Date().toISOString().slice(0, 10);
  const text = JSON.stringify(told);
  // The same figures come again every few seconds; only other ones are drawn anew.
  const all = useMemo(() => runningTotals(told, today), [text, today]);
  const rows = useMemo(() => lastDays(all, span.value), [all, span.value]);
  const at = picked.value === null ? rows.length - 1 : Math.min(picked.value, rows.length - 1);
  const spans = SPANS.filter(([days]) => !days || all.length > days + 1);
  const show = (days) => {
    span.value = days;
    picked.value = null;
  };
  return html`
    <div class="panel over-time" data-over-time>
      <header class="over-head">
        <div><h3>Over time</h3><p class="soft">What is kept now, by the day it was saved (UTC)</p></div>
        ${spans.length > 1 && html`
          <div class="segments" role="group" aria-label="How far back">
            ${spans.map(([days, says]) => html`
              <button type="button" key=${days} aria-pressed=${span.value === days ? "true" : "false"} onClick=${() => show(days)}>${says}</button>
            `)}
          </div>
        `}
      </header>
      <${Days} rows=${rows} at=${at} onPick=${(day) => (picked.value = day)}>
        <p class="over-title soft" aria-hidden="true">Size</p>
        <${Chart} rows=${rows} field="allBytes" kind="area" height=${200} steps=${byteSteps} says=${(bytes) => (bytes ? size(bytes, { plain: true }) : "0")} picked=${picked} />
        <p class="over-title soft" aria-hidden="true">Videos</p>
        <${Chart} rows=${rows} field="allCount" kind="line" height=${130} steps=${countSteps} says=${(number) => number.toLocaleString("en-GB")} picked=${picked} />
      <//>
      <${Table} rows=${rows} />
    </div>
  `;
}

const dayInWords = ({ ms, bytes, count: number, allBytes, allCount }) =>
  `${dayWords(ms)}: ${size(allBytes)} in ${count(allCount, "video")}` + (number ? `, of them ${size(bytes)} in ${number.toLocaleString("en-GB")} saved that day` : "");

/** The charts are for the eye; keys move over the days, and each is told in words. */
function Days({ rows, at, onPick, children }) {
  const words = dayInWords(rows[at]);
  const move = (event) => {
    const last = rows.length - 1;
    const to = { ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1, PageUp: at + 30, PageDown: at - 30, Home: 0, End: last }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    onPick(Math.max(0, Math.min(last, to)));
  };
  return html`
    <p class="over-day figures" data-day>${words}</p>
    <div class="charts" role="slider" tabindex="0" aria-label="Day" aria-valuemin="0" aria-valuemax=${rows.length - 1} aria-valuenow=${at} aria-valuetext=${words} onKeyDown=${move}>
      ${children}
    </div>
  `;
}

function Table({ rows }) {
  return html`
    <details class="over-table">
      <summary>As a table</summary>
      <div class="table-box" tabindex="0" role="region" aria-label="Storage over time, as a table">
        <table>
          <thead><tr><th scope="col">Saved in</th><th scope="col">Videos</th><th scope="col">Size</th><th scope="col">Videos by then</th><th scope="col">Size by then</th></tr></thead>
          <tbody>
            ${summary(rows).map(({ name, from, to, count: number, bytes, allCount, allBytes }) => html`
              <tr key=${from}>
                <th scope="row"><${Way} to=${libraryAt({ after: from, before: to, zone: "utc" })}>${name}<//></th>
                <td class="figures">${number.toLocaleString("en-GB")}</td><td class="figures">${size(bytes)}</td>
                <td class="figures">${allCount.toLocaleString("en-GB")}</td><td class="figures">${size(allBytes)}</td>
              </tr>
            `)}
          </tbody>
        </table>
      </div>
    </details>
  `;
}
