// What came of the last act: done with Undo, or failed by name and reason.
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { count } from "../words/sizes.js";
import { done } from "./acts.js";
import { catchFocus, focusActive } from "./active.js";
import { failed } from "./bulk.js";

const TOLD_MS = 20_000;

/** Stays long enough to be read and reached; while the pointer or the focus is on it, it does not go at all. */
export function Done() {
  const box = useRef();
  const told = done.value;
  useEffect(() => {
    if (!told) return undefined;
    const timer = setInterval(() => {
      if (!box.current?.matches(":hover, :focus-within")) done.value = null;
    }, TOLD_MS);
    return () => clearInterval(timer);
  }, [told]);
  if (!told) return null;
  const undo = () => {
    focusActive();
    told.undo();
  };
  const close = () => {
    done.value = null;
    catchFocus();
  };
  return html`
    <div ref=${box} class="toast" data-done>
      <p><bdi>${told.words}</bdi></p>
      ${told.undo && html`<button type="button" class="button small" title="Undo (Ctrl + Z)" aria-keyshortcuts="Control+Z" onClick=${undo}><${Icon} name="undo" />Undo</button>`}
      <button type="button" class="button-icon small" aria-label="Close this note" onClick=${close}><${Icon} name="close" /></button>
    </div>
  `;
}

export function Failures() {
  if (!failed.value) return null;
  const { says, failures, again } = failed.value;
  const close = () => {
    failed.value = null;
    catchFocus();
  };
  const due = failures.filter(({ isFinal }) => !isFinal).map(({ id }) => id);
  return html`
    <div class="toast toast-failed" role="alert" data-failed>
      <div class="toast-words">
        <${Told} failures=${failures.filter(({ isUnsure }) => !isUnsure)} heading=${(many) => `${many} could not be ${says}:`} />
        <${Told} failures=${failures.filter(({ isUnsure }) => isUnsure)} heading=${(many, were) => `It is not known whether ${many} ${were} ${says}:`} />
      </div>
      ${again && due.length > 0 && html`<button type="button" class="button small" onClick=${() => again(due)}><${Icon} name="retry" />Try again</button>`}
      <button type="button" class="button-icon small" aria-label="Close this note" onClick=${close}><${Icon} name="close" /></button>
    </div>
  `;
}

/** What failed, or may have failed: an answer that was lost says neither. */
const Told = ({ failures, heading }) => failures.length > 0 && html`
  <p><strong>${heading(count(failures.length, "video"), failures.length === 1 ? "was" : "were")}</strong></p>
  <ul role="list">${byReason(failures).map(([reason, titles]) => html`<${Group} key=${reason} reason=${reason} titles=${titles} />`)}</ul>
`;

const NAMED = 3;

/** [reason, titles]: what went wrong for the same reason is told once. */
function byReason(failures) {
  const groups = new Map();
  for (const { title, reason } of failures) groups.set(reason, [...(groups.get(reason) ?? []), title]);
  return [...groups];
}

function Group({ reason, titles }) {
  if (titles.length === 1) return html`<li><bdi>“${titles[0]}”</bdi>: ${reason}</li>`;
  const more = titles.length - NAMED;
  return html`
    <li>${count(titles.length, "video")}: ${reason}
      <span class="toast-names soft">${titles.slice(0, NAMED).map((title, at) => html`${at ? ", " : ""}<bdi>“${title}”</bdi>`)}${more > 0 && ` and ${more.toLocaleString("en-GB")} more`}</span>
    </li>
  `;
}
