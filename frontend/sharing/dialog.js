// Sharing one video by links that open without signing in: making one, and those that there are.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { Dialog } from "../parts/dialog.js";
import { announce } from "../shell/announce.js";
import { live } from "../videos/list.js";
import { titleOf } from "../videos/records.js";
import { sharesOf } from "./acts.js";
import { Links } from "./links.js";
import { Made, ShareForm } from "./share-form.js";

export function ShareDialog({ video, onClose }) {
  const shares = useSignal(null);
  const trouble = useSignal("");
  const made = useSignal(null);
  const isLive = live.value;
  const load = async () => {
    try {
      shares.value = await sharesOf(video.id);
      trouble.value = "";
    } catch (problem) {
      trouble.value = problem.message;
    }
  };
  useEffect(() => void (isLive && load()), [video.id, isLive]);
  const take = (share) => {
    made.value = share;
    shares.value = [share, ...(shares.peek() ?? [])];
    announce("Link created.", { isAnswer: true });
  };
  return html`
    <${Dialog} title=${`Share “${titleOf(video)}”`} kind="dialog-share" onClose=${onClose}>
      ${made.value
        ? html`<${Made} key=${made.value.id} share=${made.value} another=${() => (made.value = null)} />`
        : html`<${ShareForm} id=${video.id} take=${take} />`}
      ${trouble.value && html`<p class="field-wrong" role="alert">The links could not be loaded. ${trouble.value}</p>`}
      ${shares.value && html`<${Links} id=${video.id} shares=${shares.value} reload=${load} revoked=${(id) => made.peek()?.id === id && (made.value = null)} />`}
    <//>
  `;
}
