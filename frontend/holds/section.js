// In the details: who holds the video, why, until when; putting a hold on it and releasing one.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { Ago } from "../parts/ago.js";
import { Icon } from "../parts/icons.js";
import { mayOperate } from "../server/session.js";
import { announce } from "../shell/announce.js";
import { titleOf } from "../videos/records.js";
import { shown } from "../words/names.js";
import { sentence } from "../words/states.js";
import { exact } from "../words/times.js";
import { holdOne, releaseOne } from "./acts.js";
import { HoldDialog } from "./hold-dialog.js";
import { ReleaseDialog } from "./release-dialog.js";
import { endWords, holdWords, owners } from "./words.js";

export function Holds({ video }) {
  const holds = video.holds ?? [];
  const isAdding = useSignal(false);
  const leaving = useSignal(null);
  const isOpen = mayOperate.value && video.status !== "trashed";
  if (!holds.length && !isOpen) return null;
  return html`
    <section class="details-section">
      <h3 tabindex="-1">Holds</h3>
      ${holds.length
        ? html`
          <ul class="holds" role="list">
            ${holds.map((hold) => html`<${Row} key=${hold.id} hold=${hold} release=${mayOperate.value && (() => (leaving.value = hold))} />`)}
          </ul>`
        : html`<p class="soft details-small">Nobody holds it. While a video is held, it cannot be deleted.</p>`}
      ${isOpen && html`
        <button type="button" class="button small" aria-haspopup="dialog" onClick=${() => (isAdding.value = true)}>
          <${Icon} name="hold" />Hold…</button>`}
      ${isAdding.value && html`
        <${HoldDialog} title=${`Hold “${titleOf(video)}”`} onClose=${() => (isAdding.value = false)}
          send=${async (fields) => (await holdOne(video.id, fields), tell(video, "held"))} />`}
      ${leaving.value && html`<${Leaving} video=${video} hold=${leaving.value} onClose=${() => (leaving.value = null)} />`}
    </section>
  `;
}

function Row({ hold, release }) {
  const end = endWords(hold);
  const ofWhom = `Release the hold of ${shown(hold.owner)}: ${shown(hold.reason)}`;
  return html`
    <li class="hold-row" data-hold=${hold.id}>
      <p class="hold-why" dir="auto">${sentence(shown(hold.reason))}</p>
      ${release && html`<button type="button" class="button small" aria-haspopup="dialog" onClick=${release} aria-label=${ofWhom}>Release…</button>`}
      <p class="hold-who soft">
        <bdi>${shown(hold.owner)}</bdi>, <${Ago} at=${hold.created_at} />${" · "}
        ${hold.until_at ? html`<time dateTime=${hold.until_at} title=${exact(hold.until_at)}>${end}</time>` : end}
      </p>
    </li>
  `;
}

function Leaving({ video, hold, onClose }) {
  const others = (video.holds ?? []).filter(({ id }) => id !== hold.id);
  const after = others.length ? `It stays held by ${owners({ holds: others })}.` : FREE;
  const send = async () => {
    await releaseOne(video.id, hold.id);
    tell(video, "released");
  };
  return html`<${ReleaseDialog} title="Release this hold?" lines=${[holdWords(hold)]} after=${after} send=${send} onClose=${onClose} />`;
}

const FREE = "Afterwards people may delete the video, and retention rules apply to it again.";
const tell = (video, word) => announce(`${titleOf(video)}: ${word}.`, { isAnswer: true });
