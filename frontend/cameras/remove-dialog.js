// Asks before an export's file is removed: it can be made again only while its recordings are kept.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { Dialog } from "../parts/dialog.js";
import { call } from "../server/api.js";
import { announce } from "../shell/announce.js";
import { titleOf } from "./export-row.js";
import { exports } from "./exports-known.js";

export function RemoveDialog({ of, onClose }) {
  const [problem, busy] = [useSignal(""), useSignal(false)];
  const away = async () => {
    busy.value = true;
    problem.value = "";
    try {
      await call("DELETE", `/api/v1/storage/exports/${encodeURIComponent(of.id)}`);
    } catch (trouble) {
      problem.value = trouble.message;
      busy.value = false;
      return;
    }
    announce(`${titleOf(of)} is removed.`, { isAnswer: true });
    onClose();
    await exports.ask();
    document.getElementById("exports-heading")?.focus({ preventScroll: true });
  };
  return html`
    <${Dialog} title=${`Remove ${titleOf(of)}?`} onClose=${onClose}>
      <p>${of.status === "COMPLETED" ? "Its file is deleted here. It can be made again while its recordings are kept. Copies that were downloaded stay where they are." : "It goes from this list."}</p>
      ${problem.value && html`<p class="field-wrong" role="alert">${problem.value}</p>`}
      <p class="dialog-foot"><button type="button" class="button" onClick=${onClose}>Keep</button><button type="button" class="button danger" disabled=${busy.value} onClick=${away}>${busy.value ? "Removing…" : "Remove"}</button></p>
    <//>
  `;
}
