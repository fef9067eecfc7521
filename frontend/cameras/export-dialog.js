// Ordering an export: why, how it is cut, and what to do about what cannot be had; with an estimate beside it.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { Dialog } from "../parts/dialog.js";
import { post } from "../server/api.js";
import { announce } from "../shell/announce.js";
import { mark, ticked } from "./chosen.js";
import { bodyOf, change, draft, finish, isExporting, order } from "./draft.js";
import { Estimate } from "./estimate.js";
import { exports, faultsOf, focusFirstFault } from "./exports-known.js";
import { Choices, Fault, Tick } from "./fields.js";
import { nameById } from "./known.js";
import { lengthWords, stretchWords } from "./moments.js";

const LONGEST = 500;
const CUTS = [
  ["fast", "Fast", "Copied as recorded where recordings are alike, in seconds and without loss; else encoded anew. It can begin and end a little outside the range, because a picture can only be cut where a whole one is stored; the true bounds are told."],
  ["exact", "Exact", "Begins and ends exactly as asked. The pictures are encoded anew, which takes longer and loses a little."],
];
const LAYOUTS = [
  ["files", "A file for each camera", "Together in one zip archive."],
  ["grid", "One picture of all", "Side by side at the same instant. Always exact."],
];
const INCOMPLETE = [
  ["fail", "Make nothing", "The export fails and says which part is missing."],
  ["partial", "Give what there is", "The export is marked as partial and names what is missing."],
];
const FORMATS = [["mp4", "MP4", "Most players take it."], ["mkv", "MKV", "Takes every kind of recording as it is."]];
const KEEPS = [["", "As usual here"], ["24", "1 day"], ["72", "3 days"], ["168", "7 days"], ["720", "30 days"], ["2160", "90 days"]];

export const ExportDialog = () => isExporting.value && mark.value && html`<${Shown} range=${mark.value} ids=${order(ticked.value)} />`;

function Shown({ range, ids }) {
  const form = useRef();
  const [faults, busy] = [useSignal({}), useSignal(false)];
  const written = draft.value;
  const submit = async (event) => {
    event.preventDefault();
    if (busy.peek()) return;
    faults.value = written.reason.trim() ? {} : { reason: "Say what it is for: the reason stays with the export." };
    if (faults.peek().reason) return focusFirstFault(form.current);
    busy.value = true;
    try {
      await post("/api/v1/storage/exports", bodyOf(written, range, ids));
    } catch (problem) {
      busy.value = false;
      faults.value = faultsOf(problem);
      return focusFirstFault(form.current);
    }
    finish();
    announce("The export is ordered. It is listed below, with how far it is.", { isAnswer: true });
    return exports.ask();
  };
  return html`
    <${Dialog} title="Export" kind="dialog-sheet dialog-export" onClose=${() => (isExporting.value = false)}>
      <form ref=${form} class="dialog-form" noValidate onSubmit=${submit}>
        <p class="figures"><strong>${lengthWords(range.to - range.from)}</strong> of <bdi>${namesOf(ids)}</bdi><br /><span class="soft">${stretchWords(range.from, range.to)}</span></p>
        <${Fault} of=${faults} name="range" />
        <${Reason} written=${written} faults=${faults} />
        <${Fields} written=${written} many=${ids.length > 1} faults=${faults} />
        <${Estimate} body=${bodyOf(written, range, ids)} />
        <${Fault} of=${faults} name="all" />
        <p class="dialog-foot">
          <button type="button" class="button" onClick=${() => (isExporting.value = false)}>Cancel</button>
          <button type="submit" class="button primary" aria-disabled=${busy.value ? "true" : null}>${busy.value ? "Ordering…" : "Export"}</button>
        </p>
      </form>
    <//>
  `;
}

const Reason = ({ written, faults }) => html`
  <label class="field">
    <span>Reason (required)</span>
    <input autofocus required dir="auto" maxlength=${LONGEST} autocomplete="off" placeholder="What it is for, such as a case number" value=${written.reason}
      onInput=${(event) => change({ reason: event.target.value })} aria-invalid=${faults.value.reason ? "true" : null} aria-describedby="fault-reason" />
    <${Fault} of=${faults} name="reason" />
  </label>
`;

const namesOf = (ids) => (ids.length > 3 ? `${ids.length} cameras` : ids.map(nameById).join(" · "));

/** A grid is exact by nature; a slate can only be put into what is encoded. */
function Fields({ written, many, faults }) {
  const isGrid = many && written.layout === "grid";
  const isExact = isGrid || written.cut === "exact";
  useEffect(() => {
    if (isGrid && written.cut !== "exact") change({ cut: "exact" });
  }, [isGrid]);
  return html`
    ${many && html`<${Choices} legend="Layout" name="layout" choices=${LAYOUTS} chosen=${written.layout} change=${(layout) => change({ layout })} faults=${faults} />`}
    <${Choices} legend="Cut" name="cut" choices=${CUTS} chosen=${isGrid ? "exact" : written.cut} change=${(cut) => change({ cut })} faults=${faults} isFixed=${isGrid} />
    <${Tick} name="slate" says="Show gaps as a slate with the time" more=${isExact ? "Else the picture jumps over them; they are listed either way." : "Only in an exact export. Gaps are listed either way."}
      checked=${isExact && written.slate} isOff=${!isExact} change=${(slate) => change({ slate })} faults=${faults} />
    <${Choices} legend="If a part cannot be had" name="incomplete" choices=${INCOMPLETE} chosen=${written.incomplete} change=${(incomplete) => change({ incomplete })} faults=${faults} />
    <div class="export-row-fields">
      <${Choices} legend="Format" name="format" choices=${FORMATS} chosen=${written.format} change=${(format) => change({ format })} faults=${faults} />
      <label class="field"><span>Kept for</span>
        <select value=${written.keep} onChange=${(event) => change({ keep: event.target.value })}>${KEEPS.map(([value, says]) => html`<option key=${value} value=${value}>${says}</option>`)}</select>
        <${Fault} of=${faults} name="keep_hours" />
      </label>
    </div>
  `;
}
