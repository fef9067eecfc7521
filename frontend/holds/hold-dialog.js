// Putting a hold on one video or many: why, and until when.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { html } from "../html.js";
import { Dialog } from "../parts/dialog.js";
import { A_DATE, EndField, endOf, faultOf } from "../parts/end-field.js";

const ENDS = [
  { value: "month", name: "1 month", months: 1 },
  { value: "year", name: "1 year", months: 12 },
  A_DATE,
  { value: "never", name: "No end", isNever: true, says: "until somebody releases it" },
];
const LONGEST = 500;

/** `send({reason, until})` may throw a Problem, which is told here; when it did not, the dialogue closes. */
export function HoldDialog({ title, isMany = false, send, onClose }) {
  const form = useRef();
  const [reason, chosen, date] = [useSignal(""), useSignal("never"), useSignal("")];
  const [noReason, noDate, problem, busy] = [useSignal(""), useSignal(""), useSignal(""), useSignal(false)];
  const write = (event) => {
    reason.value = event.target.value;
    noReason.value = "";
  };
  const submit = async (event) => {
    event.preventDefault();
    noReason.value = reason.peek().trim() ? "" : "Say why, so that others know.";
    noDate.value = faultOf(ENDS, chosen.peek(), date.peek());
    if (noReason.peek() || noDate.peek()) return form.current.querySelector(noReason.peek() ? "[data-reason]" : "[type=date]").focus();
    busy.value = true;
    problem.value = "";
    try {
      await send({ reason: reason.peek().trim(), until: endOf(ENDS, chosen.peek(), date.peek()) });
      return onClose();
    } catch (trouble) {
      problem.value = trouble.message;
      busy.value = false;
    }
    return undefined;
  };
  return html`
    <${Dialog} title=${title} onClose=${onClose}>
      <form ref=${form} class="dialog-form" noValidate onSubmit=${submit}>
        <p class="soft">${isMany ? "While they are held nobody and no rule can delete them" : "While it is held nobody and no rule can delete it"}, here or on a target.</p>
        <label class="field">
          <span>${isMany ? "Why they are held" : "Why it is held"}</span>
          <input data-reason autofocus required dir="auto" maxlength=${LONGEST} autocomplete="off" value=${reason.value} onInput=${write}
            aria-invalid=${noReason.value ? "true" : null} aria-describedby=${noReason.value ? "hold-reason-trouble" : null} />
          ${noReason.value && html`<p class="field-wrong" id="hold-reason-trouble" role="alert">${noReason.value}</p>`}
        </label>
        <${EndField} legend="Until when" name="hold-end" choices=${ENDS} chosen=${chosen} date=${date} trouble=${noDate} />
        ${problem.value && html`<p class="field-wrong" role="alert">${problem.value}</p>`}
        <p class="dialog-foot">
          <button type="button" class="button" onClick=${onClose}>Cancel</button>
          <button type="submit" class="button primary" disabled=${busy.value}>${busy.value ? "Holding…" : "Hold"}</button>
        </p>
      </form>
    <//>
  `;
}
