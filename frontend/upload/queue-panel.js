// The queue below the drop field, and the line that sums it up.
import { effect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { count, percent, speed } from "../words/sizes.js";
import { duration } from "../words/times.js";
import { clearSaved, items, release, unsent } from "./queue.js";
import { QueueRow } from "./queue-row.js";

export function QueuePanel() {
  useEffect(() => effect(titlePage), []);
  if (!items.value.length) return null;
  return html`
    <ul class="queue" role="list" aria-label="Files being sent">
      ${items.value.map((item) => html`<${QueueRow} key=${item.id} item=${item} />`)}
    </ul>
    <${Summary} />
  `;
}

function Summary() {
  const held = items.value.filter((item) => item.state.value === "held").length;
  const saved = items.value.filter((item) => item.state.value === "saved").length;
  return html`
    <div class="queue-sum">
      <p class="soft figures">${sum().join(" · ")}</p>
      <div class="queue-acts">
        ${saved > 0 && html`<button type="button" class="button small" onClick=${clearSaved}>Clear saved</button>`}
        ${held > 0 && html`<button type="button" class="button primary small" onClick=${release}>Send ${count(held, "file")}</button>`}
      </div>
    </div>
  `;
}

const withState = (...states) => items.value.filter((item) => states.includes(item.state.value));

function sum() {
  const words = [count(items.value.length, "file")];
  const moving = withState("sending");
  const rate = total(moving, (item) => item.bytesPerSecond.value ?? 0);
  const left = total(withState("sending", "queued"), (item) => item.size - item.bytes.value);
  if (moving.length) words.push(`${moving.length} moving`);
  if (withState("queued").length) words.push(`${withState("queued").length} waiting`);
  if (rate > 0) words.push(speed(rate), `${duration(left / rate)} left`);
  const saved = withState("saved").length;
  if (saved) words.push(`${saved} saved`);
  const stuck = withState("failed", "refused").length;
  if (stuck) words.push(`${stuck} not saved`);
  return words;
}

const total = (list, figure) => list.reduce((before, item) => before + figure(item), 0);

/** The tab tells how far it is, for those who look elsewhere meanwhile. */
function titlePage() {
  const waiting = unsent.value.filter((item) => item.state.value !== "held");
  const whole = total(waiting, (item) => item.size);
  document.title = waiting.length ? `${percent(total(waiting, (item) => item.bytes.value), whole)} % sent · Holdfast` : "Holdfast";
}
