// The buttons of one row. Pause and resume are one button, so that the focus stays on it.
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { pause, resume } from "./acts.js";
import { cancel } from "./cancel.js";
import { PAUSABLE } from "./item.js";
import { NeedsFile } from "./needs-file.js";

/** Once every byte is sent the server may save it whatever is pressed here. */
const NOTHING_TO_DO = ["opening", "saving", "saved", "elsewhere"];

export function RowButtons({ item, name, state }) {
  const leave = (event) => leaveRow(event, () => cancel(item));
  const gone = state === "refused" || (state === "failed" && !item.url.value) ? "Remove" : "Cancel";
  return html`
    ${!["refused", "elsewhere", "opening"].includes(state) && html`<${WordsButton} item=${item} name=${name} />`}
    ${state === "needs" && html`<${NeedsFile} key="needs" item=${item} name=${name} />`}
    ${state === "failed" && html`
      <button key="retry" type="button" class="button small" onClick=${() => resume(item)} aria-label=${`Retry ${name}`}>
        <${Icon} name="retry" />Retry
      </button>
    `}
    ${state === "waiting" && item.retryAt.value !== null && html`
      <button key="now" type="button" class="button-icon" onClick=${() => resume(item)} aria-label=${`Try ${name} now`} title="Try now">
        <${Icon} name="retry" />
      </button>
    `}
    ${(PAUSABLE.includes(state) || state === "paused") && html`<${PauseButton} key="pause" item=${item} name=${name} state=${state} />`}
    ${!NOTHING_TO_DO.includes(state) && html`
      <button key="leave" type="button" class="button-icon" onClick=${leave} aria-label=${`${gone} ${name}`} title=${gone}>
        <${Icon} name="close" />
      </button>
    `}
  `;
}

function WordsButton({ item, name }) {
  const toggle = () => (item.isWorded.value = !item.isWorded.value);
  return html`
    <button key="words" type="button" class="button-icon" onClick=${toggle} aria-expanded=${item.isWorded.value}
      aria-label=${`Words of ${name}`} title="Title, tags, description"><${Icon} name="words" /></button>
  `;
}

function PauseButton({ item, name, state }) {
  const isPaused = state === "paused";
  const says = isPaused ? "Resume" : "Pause";
  return html`
    <button type="button" class="button-icon" onClick=${() => (isPaused ? resume : pause)(item)} aria-label=${`${says} ${name}`} title=${says}>
      <${Icon} name=${isPaused ? "play" : "pause"} />
    </button>
  `;
}

/** The button that was pressed goes with its row: the focus moves on to the next row's name, not to its buttons (a key
 * held too long would press them), or to the file button. */
function leaveRow(event, remove) {
  const row = event.currentTarget.closest("li");
  const next = row.nextElementSibling ?? row.previousElementSibling;
  remove();
  (next?.querySelector(".queue-name") ?? document.querySelector("[data-choose]"))?.focus();
}
