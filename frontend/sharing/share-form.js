// Making a link: how long it opens, whether the file may be taken along, whom it is for. Then the link itself.
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { A_DATE, EndField, endOf, faultOf } from "../parts/end-field.js";
import { longDay } from "../words/days.js";
import { exact } from "../words/times.js";
import { makeShare, wholeLink } from "./acts.js";
import { CopyLink } from "./copy-link.js";

const ENDS = [
  { value: "day", name: "1 day", hours: 24 },
  { value: "week", name: "7 days", hours: 7 * 24 },
  { value: "month", name: "30 days", hours: 30 * 24 },
  // The server takes a year at most.
  { ...A_DATE, withinDays: 364 },
];
const LONGEST = 200;

export function ShareForm({ id, take }) {
  const form = useRef();
  const [chosen, date, label, mayDownload] = [useSignal("week"), useSignal(""), useSignal(""), useSignal(false)];
  const [noDate, problem, busy] = [useSignal(""), useSignal(""), useSignal(false)];
  const submit = async (event) => {
    event.preventDefault();
    noDate.value = faultOf(ENDS, chosen.peek(), date.peek());
    if (noDate.peek()) return form.current.querySelector("[type=date]").focus();
    busy.value = true;
    problem.value = "";
    try {
      const end = endOf(ENDS, chosen.peek(), date.peek());
      return take(await makeShare(id, { end, label: label.peek().trim(), mayDownload: mayDownload.peek() }));
    } catch (trouble) {
      problem.value = trouble.message;
      busy.value = false;
    }
    return undefined;
  };
  return html`
    <form ref=${form} class="dialog-form" noValidate onSubmit=${submit}>
      <p class="soft">Whoever has the link can watch this video without signing in, until the link expires or you revoke it.</p>
      <${EndField} legend="How long it opens" name="share-end" choices=${ENDS} chosen=${chosen} date=${date} trouble=${noDate} />
      <label class="field">
        <span>Whom it is for, to tell links apart</span>
        <input dir="auto" maxlength=${LONGEST} autocomplete="off" value=${label.value} onInput=${(event) => (label.value = event.target.value)} />
      </label>
      <label class="tick share-tick">
        <input type="checkbox" checked=${mayDownload.value} onChange=${(event) => (mayDownload.value = event.target.checked)} />
        <span>Allow downloading the original file</span>
      </label>
      ${problem.value && html`<p class="field-wrong" role="alert">${problem.value}</p>`}
      <p class="dialog-foot"><button type="submit" class="button primary" disabled=${busy.value}>${busy.value ? "Creating…" : "Create link"}</button></p>
    </form>
  `;
}

export function Made({ share, another }) {
  const field = useRef();
  const url = wholeLink(share.url);
  useLayoutEffect(() => {
    field.current.focus();
    field.current.select();
  }, []);
  return html`
    <div class="share-made" data-made="">
      <label class="field">
        <span>The link${share.label && html` for <bdi>${share.label}</bdi>`}</span>
        <input ref=${field} class="share-link" readonly value=${url} onFocus=${(event) => event.target.select()} />
      </label>
      <p class="share-made-acts"><${CopyLink} url=${url} isPrimary /><button type="button" class="button" onClick=${another}>Create another</button></p>
      <p class="soft details-small">It opens until <time dateTime=${share.expires_at} title=${exact(share.expires_at)}>${longDay(share.expires_at)}</time>${share.may_download ? ", and the original file can be downloaded" : ", to watch only"}.</p>
    </div>
  `;
}
