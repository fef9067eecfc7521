// Sent, Saved with its digest, and each target's state: what the server's own list tells of a file that arrived.
import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { Digest } from "../parts/digest.js";
import { OwnDamage, StateMark } from "../parts/state-mark.js";
import { targetLabel } from "../server/session.js";
import { follow } from "../videos/poll.js";
import { know, record } from "../videos/records.js";
import { SameAs } from "../videos/same-as.js";
import { shown } from "../words/names.js";
import { digestOf } from "../words/sizes.js";
import { ownDamage } from "../words/states.js";

export function SavedFacts({ item }) {
  const id = item.videoId;
  useEffect(() => {
    know(id);
    return follow(id);
  }, [id]);
  const video = record(id).value;
  const name = shown(item.name);
  if (!video) return html`<p class="facts"><strong class="fact">Sent</strong><span class="soft">Asking the server…</span></p>`;
  const damage = ownDamage(video);
  return html`
    <div class="facts">
      <strong class="fact">Sent</strong>
      <span class="fact-saved">
        ${damage ? html`<${OwnDamage} words=${damage} />` : html`<strong class="fact">Saved</strong>`}
        <${Digest} digest=${digestOf(video)} of=${name} />
      </span>
      ${video.deliveries.map((delivery) => html`
        <${StateMark} key=${delivery.target} delivery=${delivery} label=${targetLabel(delivery.target)} of=${name} />
      `)}
    </div>
    ${video.duplicate_of && html`<${SameAs} id=${video.duplicate_of} />`}
  `;
}
