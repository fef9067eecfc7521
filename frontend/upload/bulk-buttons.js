// What can be done with all files at once. Cancelling all asks once more.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { count } from "../words/sizes.js";
import { CANCELLABLE, cancelAll, pauseAll, release, resumeAll, retryAll } from "./acts.js";
import { PAUSABLE } from "./item.js";
import { clearSaved, items } from "./queue.js";

const many = (...states) => items.value.filter((item) => states.includes(item.state.value)).length;

export function BulkButtons() {
  const isAsking = useSignal(false);
  const group = useRef();
  const press = (act) => () => {
    act();
    // The button that was pressed may be gone by what it did.
    requestAnimationFrame(() => document.activeElement === document.body && focusNear(group.current));
  };
  const answer = (yes) => {
    isAsking.value = false;
    press(yes ? cancelAll : () => {})();
  };
  const cancellable = many(...CANCELLABLE);
  if (isAsking.value && cancellable) return html`<${Ask} files=${cancellable} onAnswer=${answer} />`;
  const held = many("held");
  const buttons = [
    [many("saved") > 0, "Clear saved", press(clearSaved)],
    [cancellable > 1, "Cancel all", () => (isAsking.value = true)],
    [many("failed") > 1, "Retry all", press(retryAll)],
    [many("paused") > 0, "Resume all", press(resumeAll)],
    [many(...PAUSABLE) > 0, "Pause all", press(pauseAll)],
    [held > 0, `Send ${count(held, "file")}`, press(release), "primary"],
  ];
  return html`
    <div class="queue-acts" ref=${group} role="group" aria-label="All files">
      ${buttons.filter(([isOffered]) => isOffered).map(([, says, act, look = ""]) => html`
        <button key=${says} type="button" class=${`button small ${look}`} onClick=${act}>${says}</button>
      `)}
    </div>
  `;
}

const focusNear = (group) => (group?.querySelector("button") ?? document.querySelector("[data-choose]"))?.focus();

function Ask({ files, onAnswer }) {
  const keep = useRef();
  useEffect(() => keep.current.focus(), []);
  return html`
    <div class="queue-acts" role="group" aria-label="Cancel all files?">
      <p>Cancel ${count(files, "file")}? What was sent of them is thrown away.</p>
      <button ref=${keep} type="button" class="button small" onClick=${() => onAnswer(false)}>Keep them</button>
      <button type="button" class="button small danger" onClick=${() => onAnswer(true)}>Cancel ${count(files, "file")}</button>
    </div>
  `;
}
