// The audit of one video: who changed what, when and from where, with what it was before. Asked for when it is opened.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { get } from "../server/api.js";
import { live } from "../videos/list.js";
import { pathOf } from "../videos/records.js";
import { shown } from "../words/names.js";
import { sentence } from "../words/states.js";
import { exact } from "../words/times.js";
import { changesOf } from "./audit-words.js";

const PAGE = 20;

/** `signature` changes with whatever may add a line. */
export function Audit({ video, signature }) {
  const isOpen = useSignal(false);
  const pages = useSignal(null);
  const trouble = useSignal("");
  const isLive = live.value;
  const load = async (cursor = "") => {
    try {
      const { audit, next_cursor: next } = await get(`${pathOf(video.id)}/audit?${new URLSearchParams({ limit: PAGE, ...(cursor && { cursor }) })}`);
      pages.value = { lines: [...(cursor ? pages.peek().lines : []), ...audit], next };
      trouble.value = "";
    } catch (problem) {
      trouble.value = problem.message;
    }
  };
  useEffect(() => {
    if (isOpen.peek() && isLive) load();
  }, [signature, isLive, isOpen.value]);
  return html`
    <details class="audit" onToggle=${(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>Audit: who changed what, from where</summary>
      ${trouble.value && html`<p class="details-small tone-failed" role="alert">It could not be loaded. ${trouble.value}</p>`}
      ${pages.value && (pages.value.lines.length ? html`<ol role="list">${pages.value.lines.map((line) => html`<${Line} key=${line.id} line=${line} />`)}</ol>` : html`<p class="soft details-small">Nothing was changed yet.</p>`)}
      ${pages.value?.next && html`<button type="button" class="button small" onClick=${() => load(pages.peek().next)}>Show more</button>`}
    </details>
  `;
}

const Values = ({ of: values }) => (values.length ? values.map((value, at) => html`${at > 0 && ", "}<bdi key=${value}>${value}</bdi>`) : "nothing");

const Line = ({ line: { at, who, address, words, what } }) => html`
  <li class="audit-line">
    <p>${sentence(words)}</p>
    ${changesOf(what).map(({ name, before, after }) => html`
      <p key=${name} class="audit-change soft">${name}: ${before && html`<${Values} of=${before} /> → `}<${Values} of=${after} /></p>
    `)}
    <p class="soft"><bdi>${shown(who)}</bdi>${address && ` from ${address}`}, <time dateTime=${at}>${exact(at)}</time></p>
  </li>
`;
