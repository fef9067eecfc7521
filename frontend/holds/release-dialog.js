// Asks before a hold ends: what is held now may be deleted afterwards.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { Dialog } from "../parts/dialog.js";

/** `lines`: what ends, in words; `after`: what holds then. `send()` may throw a Problem, which is told here. */
export function ReleaseDialog({ title, lines, after, send, onClose }) {
  const problem = useSignal("");
  const busy = useSignal(false);
  const release = async () => {
    busy.value = true;
    problem.value = "";
    try {
      await send();
      return onClose();
    } catch (trouble) {
      problem.value = trouble.message;
      busy.value = false;
    }
    return undefined;
  };
  return html`
    <${Dialog} title=${title} onClose=${onClose}>
      <ul class="release-lines" role="list">${lines.map((line) => html`<li key=${line}><bdi>${line}</bdi></li>`)}</ul>
      <p>${after}</p>
      ${problem.value && html`<p class="field-wrong" role="alert">${problem.value}</p>`}
      <p class="dialog-foot">
        <button type="button" class="button" autofocus onClick=${onClose}>Keep holding</button>
        <button type="button" class="button danger" disabled=${busy.value} onClick=${release}>${busy.value ? "Releasing…" : "Release"}</button>
      </p>
    <//>
  `;
}
