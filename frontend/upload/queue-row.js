// One file of the queue: its name, how far it is, the facts known of it, and what can be done.
import { html } from "../html.js";
import { FileTile } from "../parts/file-tile.js";
import { Icon } from "../parts/icons.js";
import { shown } from "../words/names.js";
import { percent, size } from "../words/sizes.js";
import { Facts } from "./facts.js";
import { cancel, holdBack, retry } from "./queue.js";

export function QueueRow({ item }) {
  const state = item.state.value;
  const name = shown(item.name);
  const inFlight = state === "sending" || state === "saving";
  return html`
    <li class="queue-row" data-state=${state}>
      <${FileTile} name=${item.name} />
      <p class="queue-head">
        <bdi class="queue-name" title=${name}>${name}</bdi>
        <span class="soft figures">${size(item.size)}</span>
      </p>
      <div class="queue-buttons"><${Buttons} item=${item} name=${name} state=${state} /></div>
      <div class="queue-body">
        ${inFlight && html`<progress class="bar" max="100" value=${percent(item.bytes.value, item.size)} aria-label=${`Sent of ${name}`} />`}
        <${Facts} item=${item} />
        ${item.problem.value && html`<p class=${`queue-problem tone-${state === "waiting" ? "waiting" : "failed"}`}>${item.problem.value}</p>`}
        ${item.editable && html`<${Words} item=${item} name=${name} />`}
      </div>
    </li>
  `;
}

function Buttons({ item, name, state }) {
  const leave = (event) => leaveRow(event, () => cancel(item));
  // Once all bytes are sent the server may save them whatever is pressed here.
  if (state === "saving" || state === "saved") return null;
  const says = state === "refused" || state === "failed" ? "Remove" : "Cancel";
  return html`
    ${state === "queued" && !item.locked.value && html`
      <button type="button" class="button small" onClick=${() => holdBack(item)} aria-label=${`Title and tags of ${name}`}>Title and tags</button>
    `}
    ${state === "failed" && html`<button type="button" class="button small" onClick=${() => retry(item)}><${Icon} name="retry" />Retry</button>`}
    ${state === "waiting" && html`<button type="button" class="button small" onClick=${() => retry(item)}>Try now</button>`}
    <button type="button" class="button-icon" onClick=${leave} aria-label=${`${says} ${name}`} title=${says}><${Icon} name="close" /></button>
  `;
}

/** The button that was pressed goes with its row: the focus moves on to the next row, or to the file button. */
function leaveRow(event, remove) {
  const row = event.currentTarget.closest("li");
  const next = row.nextElementSibling ?? row.previousElementSibling;
  remove();
  (next?.querySelector(".queue-buttons button:last-child") ?? document.querySelector("[data-choose]"))?.focus();
}

const Words = ({ item, name }) => html`
  <div class="queue-words">
    <label class="field"><span>Title</span>
      <input type="text" value=${item.title.value} maxlength="500" aria-label=${`Title of ${name}`}
        onInput=${(event) => (item.title.value = event.target.value)} />
    </label>
    <label class="field"><span>Tags, with commas between</span>
      <input type="text" value=${item.tags.value} maxlength="2000" aria-label=${`Tags of ${name}, with commas between`}
        onInput=${(event) => (item.tags.value = event.target.value)} />
    </label>
  </div>
`;
