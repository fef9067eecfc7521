// The list of exports, newest first, with what each has come to and what can be done about it.
import { signal } from "@preact/signals";
import { html } from "../html.js";
import { Late } from "../parts/late.js";
import { online } from "../server/reach.js";
import { mayUpload } from "../server/session.js";
import { ExportRow } from "./export-row.js";
import { canShowMore, exports, showMore, useExports } from "./exports-known.js";
import { ManifestDialog } from "./manifest-dialog.js";
import { RemoveDialog } from "./remove-dialog.js";

/** {kind: "manifest" | "remove", of}: the open dialogue; it outlives its row, which may go meanwhile. */
export const asked = signal(null);
const close = () => (asked.value = null);

export function Exports() {
  useExports();
  if (exports.isUntold.value) return null;
  const told = exports.answer.value?.exports;
  return html`
    <section class="part" aria-labelledby="exports-heading" data-exports>
      <header class="part-head"><h2 id="exports-heading" tabindex="-1">Exports</h2><p class="soft">Clips cut from recordings, each with a signed manifest</p></header>
      ${exports.problem.value && html`<p class="tone-failed" role="alert">The exports could not be looked up. ${exports.problem.value}</p>`}
      ${!told && online.value && !exports.problem.value && html`<${Late}><div class="panel rows" aria-hidden="true" data-skeleton><p class="row"><span class="bone bone-60 bone-line" /></p></div><//>`}
      ${told && (told.length
        ? html`<ul class="panel rows" role="list">${told.map((each) => html`<${ExportRow} key=${each.id} told=${each} ask=${(kind) => (asked.value = { kind, of: each })} />`)}</ul>`
        : html`<p class="panel nothing soft">Nothing was exported yet. ${mayUpload.value ? "Mark a range above and press Export: the clip is listed here while it is made, and can be downloaded when it is ready." : "What the team exports is listed here, to be downloaded."}</p>`)}
      ${canShowMore() && html`<button type="button" class="more" onClick=${showMore}>Show older exports</button>`}
      ${asked.value?.kind === "manifest" && html`<${ManifestDialog} of=${asked.value.of} onClose=${close} />`}
      ${asked.value?.kind === "remove" && html`<${RemoveDialog} of=${asked.value.of} onClose=${close} />`}
    </section>
  `;
}
