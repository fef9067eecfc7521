// One file of the queue: its name, how far it is, the facts known of it, and what can be done.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { FileTile } from "../parts/file-tile.js";
import { shown } from "../words/names.js";
import { percent, size } from "../words/sizes.js";
import { Facts } from "./facts.js";
import { Stranger } from "./needs-file.js";
import { RowButtons } from "./row-buttons.js";
import { RowWords } from "./row-words.js";

const WITH_BAR = ["sending", "saving", "paused", "waiting", "needs", "elsewhere"];
const WITHOUT_WORDS = ["refused", "elsewhere", "opening"];

export function QueueRow({ item }) {
  const state = item.state.value;
  const name = shown(item.name);
  const row = useRef();
  useKeptFocus(row);
  useEffect(() => {
    if (state === "saved" && !row.current.querySelector(".queue-words :focus")) item.isWorded.value = false;
  }, [state]);
  return html`
    <li ref=${row} class="queue-row" data-state=${state}>
      <${FileTile} name=${item.name} />
      <p class="queue-head">
        <bdi class="queue-name" title=${name} tabindex="-1">${name}</bdi>
        <span class="soft figures">${size(item.size)}</span>
      </p>
      <div class="queue-buttons"><${RowButtons} item=${item} name=${name} state=${state} /></div>
      <div class="queue-body">
        ${WITH_BAR.includes(state) && html`<${Bar} item=${item} name=${name} />`}
        <${Facts} item=${item} />
        <${Told} item=${item} state=${state} />
        ${state === "needs" && item.stranger.value && html`<${Stranger} item=${item} />`}
        ${!WITHOUT_WORDS.includes(state) && html`<${RowWords} item=${item} name=${name} />`}
      </div>
    </li>
  `;
}

function Bar({ item, name }) {
  const { bytes = 0 } = item.elsewhere.value ?? {};
  const share = percent(item.state.value === "elsewhere" ? Math.max(bytes, item.bytes.value) : item.bytes.value, item.size);
  return html`<progress class="bar" max="100" value=${share} aria-label=${`Sent of ${name}`} />`;
}

const FAILURES = ["failed", "refused"];

const Told = ({ item, state }) => html`
  ${item.problem.value && html`<p class=${`queue-problem tone-${FAILURES.includes(state) ? "failed" : "waiting"}`}>${item.problem.value}</p>`}
  ${item.note.value && html`<p class="queue-problem soft">${item.note.value}</p>`}
`;

/** When the button that has the focus goes with a change of state, the focus stays on the row: on its name. */
function useKeptFocus(row) {
  const hadFocus = row.current?.contains(document.activeElement);
  useLayoutEffect(() => {
    if (hadFocus && !row.current.contains(document.activeElement)) row.current.querySelector(".queue-name").focus();
  });
}
