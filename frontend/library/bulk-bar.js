// The one bar that a selection raises, and below it what came of the last act: done with Undo, or failed by name.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { isHeld } from "../holds/words.js";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { mayOperate, mayUpload } from "../server/session.js";
import { mayShare } from "../sharing/rights.js";
import { record } from "../videos/records.js";
import { download, hasFailed, restore, retry, trash } from "./acts.js";
import { catchFocus, focusActive } from "./active.js";
import { BulkDialogs } from "./bulk-dialogs.js";
import { Done, Failures } from "./bulk-notes.js";
import { running } from "./bulk.js";
import { isTrash } from "./query.js";
import { ids, isExact, total } from "./results.js";
import { filters } from "./route.js";
import { clearPicked, pickAll, picked, pickedCount } from "./selection.js";

/** {kind, ids}: the dialogue that is open, or null. */
const asking = signal(null);

export function BulkBar() {
  const isRunning = Boolean(running.value);
  const wasRunning = useRef(false);
  useEffect(() => {
    if (wasRunning.current && !isRunning) catchFocus();
    wasRunning.current = isRunning;
  }, [isRunning]);
  return html`
    <div class="bulk">
      <${Failures} />
      <${Done} />
      ${(pickedCount.value > 0 || isRunning) && html`<${Bar} />`}
    </div>
    ${asking.value && html`<${BulkDialogs} ...${asking.value} onClose=${() => (asking.value = null)} />`}
  `;
}

function Bar() {
  const chosen = [...picked.value];
  if (running.value) return html`<${Progress} />`;
  return html`
    <section class="bulk-bar" aria-label="Selected videos">
      <p class="bulk-count figures"><strong>${chosen.length.toLocaleString("en-GB")}</strong> selected <${More} /></p>
      <div class="bulk-acts">${isTrash(filters.value) ? html`<${TrashActs} chosen=${chosen} />` : html`<${Acts} chosen=${chosen} />`}</div>
      <button type="button" class="button-icon" aria-label="Select nothing" title="Select nothing (Esc)" onClick=${nothing}><${Icon} name="close" /></button>
    </section>
  `;
}

const TrashActs = ({ chosen }) => mayOperate.value && html`<${Act} icon="undo" says="Restore" onClick=${() => restore(chosen)} />`;

function Acts({ chosen }) {
  const ask = (kind, some = chosen) => () => (asking.value = { kind, ids: some });
  const held = chosen.filter((id) => isHeld(record(id).value));
  return html`
    <${Act} icon="download" says="Download" onClick=${() => download(chosen)} />
    ${mayUpload.value && html`<${Act} icon="tag" says="Tags" onClick=${ask("tags")} />`}
    ${chosen.length === 1 && mayShare(record(chosen[0]).value) && html`<${Act} icon="share" says="Share…" onClick=${ask("share")} />`}
    ${mayOperate.value && html`
      ${chosen.some(hasFailed) && html`<${Act} icon="retry" says="Retry copies" onClick=${() => retry(chosen)} />`}
      <${Act} icon="hold" says="Hold…" onClick=${ask("hold")} />
      ${held.length > 0 && html`<${Act} icon="release" says="Release…" onClick=${ask("release", held)} />`}
      <${Act} icon="trash" says="Trash" onClick=${() => trash(chosen)} />
    `}
  `;
}

function nothing() {
  clearPicked();
  focusActive();
}

/** The others that could be picked. Only what is loaded is known, so only that can be acted on. */
function More() {
  const loaded = ids.value?.length ?? 0;
  if (pickedCount.value >= loaded) return total.value > loaded && html`<span class="soft">of ${total.value.toLocaleString("en-GB")}${isExact.value ? "" : "+"}; scroll on to load more</span>`;
  return html`<button type="button" class="bulk-all" onClick=${pickAll}>Select ${total.value > loaded ? `the ${loaded.toLocaleString("en-GB")} loaded` : `all ${loaded.toLocaleString("en-GB")}`}</button>`;
}

const Act = ({ icon, says, onClick }) => html`<button type="button" class="button small" onClick=${onClick}><${Icon} name=${icon} /><span>${says}</span></button>`;

/** How far it is, between two requests; within one nothing is known. */
const Progress = () => html`
  <section class="bulk-bar" aria-label="Selected videos" aria-busy="true">
    <label class="bulk-progress">
      <span class="figures">${running.value.done} of ${running.value.all} ${running.value.says}</span>
      <progress value=${running.value.done || null} max=${running.value.all} />
    </label>
  </section>
`;
