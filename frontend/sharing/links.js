// The links that there are: those that open, with Copy and Revoke; those that ended, apart.
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { minute } from "../clock.js";
import { html } from "../html.js";
import { announce } from "../shell/announce.js";
import { shown } from "../words/names.js";
import { exact } from "../words/times.js";
import { revokeShare, wholeLink } from "./acts.js";
import { CopyLink } from "./copy-link.js";
import { endWords, openedWords, stateOf } from "./words.js";

export function Links({ id, shares, reload, revoked }) {
  const heading = useRef();
  const [open, ended] = [[], []];
  for (const share of shares) (stateOf(share, minute.value) === "live" ? open : ended).push(share);
  const away = async (share) => {
    await revokeShare(id, share.id);
    announce("Link revoked.", { isAnswer: true });
    revoked(share.id);
    await reload();
    heading.current?.focus();
  };
  return html`
    <section class="share-links" aria-labelledby="share-links-heading">
      <h3 id="share-links-heading" ref=${heading} tabindex="-1">Links that open</h3>
      ${open.length
        ? html`<ul role="list" data-links="open">${open.map((share) => html`<${Row} key=${share.id} share=${share} revoke=${() => away(share)} />`)}</ul>`
        : html`<p class="soft details-small">None.</p>`}
      ${ended.length > 0 && html`
        <details class="share-ended">
          <summary>Expired and revoked (${ended.length})</summary>
          <ul role="list" data-links="ended">${ended.map((share) => html`<${Row} key=${share.id} share=${share} />`)}</ul>
        </details>
      `}
    </section>
  `;
}

function Row({ share, revoke }) {
  const isAsking = useSignal(false);
  const name = share.label ? `for ${shown(share.label)}` : "without a label";
  const end = endWords(share, minute.value);
  return html`
    <li class="share-row" data-share=${share.id}>
      <p class="share-name"><bdi>${shown(share.label) || "No label"}</bdi></p>
      <p class="share-facts soft figures">
        <span title=${share.last_opened_at ? exact(share.last_opened_at) : null}>${openedWords(share, minute.value)}</span>${" · "}
        <time dateTime=${end.at} title=${exact(end.at)}>${end.words}</time>
        ${share.may_download && " · with download"}${share.created_by && html`${" · "}by <bdi>${shown(share.created_by)}</bdi>`}
      </p>
      ${revoke && !isAsking.value && html`
        <p class="share-acts">
          ${share.url && html`<${CopyLink} url=${wholeLink(share.url)} of=${name} />`}
          <button type="button" class="button small" aria-label=${`Revoke the link ${name}`} onClick=${() => (isAsking.value = true)}>Revoke…</button>
        </p>
      `}
      ${revoke && isAsking.value && html`<${Ask} name=${name} revoke=${revoke} keep=${() => (isAsking.value = false)} />`}
    </li>
  `;
}

/** Esc takes the question back, not the dialogue. */
function Ask({ name, revoke, keep }) {
  const box = useRef();
  const [problem, busy] = [useSignal(""), useSignal(false)];
  useLayoutEffect(() => {
    box.current.querySelector("[data-keep]").focus({ preventScroll: true });
    box.current.scrollIntoView({ block: "nearest" });
  }, []);
  const back = () => {
    const row = box.current.closest("li");
    keep();
    requestAnimationFrame(() => row.querySelector(".share-acts .button:last-of-type")?.focus());
  };
  const keys = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    back();
  };
  const press = async () => {
    busy.value = true;
    problem.value = "";
    try {
      await revoke();
    } catch (trouble) {
      problem.value = trouble.message;
      busy.value = false;
    }
  };
  return html`
    <div ref=${box} class="share-ask" role="group" aria-label=${`Revoke the link ${name}`} onKeyDown=${keys}>
      <p>Revoke it? It stops opening at once, for everybody who has it, and cannot be taken up again.</p>
      <p class="share-acts">
        <button type="button" class="button small" data-keep="" onClick=${back}>Keep</button>
        <button type="button" class="button small danger" disabled=${busy.value} onClick=${press}>${busy.value ? "Revoking…" : "Revoke"}</button>
      </p>
      ${problem.value && html`<p class="field-wrong" role="alert">${problem.value}</p>`}
    </div>
  `;
}
