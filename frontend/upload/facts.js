// The three facts of one file, always apart: Sent, Saved with its digest, and each target's state.
import { useEffect } from "preact/hooks";
import { now } from "../clock.js";
import { html } from "../html.js";
import { Digest } from "../parts/digest.js";
import { OwnDamage, Shape, StateMark } from "../parts/state-mark.js";
import { targetLabel } from "../server/session.js";
import { follow } from "../videos/poll.js";
import { record } from "../videos/records.js";
import { SameAs } from "../videos/same-as.js";
import { shown } from "../words/names.js";
import { digestOf, percent, speed } from "../words/sizes.js";
import { ownDamage } from "../words/states.js";
import { duration } from "../words/times.js";

export function Facts({ item }) {
  switch (item.state.value) {
    case "held":
      return html`<p class="facts soft"><${Fact} shape="waiting" tone="waiting" word="Waits until you send it" /></p>`;
    case "queued":
      return html`<p class="facts soft"><${Fact} shape="waiting" tone="waiting" word="Waits for its turn" /></p>`;
    case "sending":
      return html`<${Sending} item=${item} />`;
    case "saving":
      return html`<${Saving} item=${item} />`;
    case "waiting":
      return html`<p class="facts"><${Fact} shape="waiting" tone="waiting" word=${`Paused${retryWords(item)}`} /></p>`;
    case "failed":
      return html`<p class="facts"><${Fact} shape="failed" tone="failed" word="Not saved" /></p>`;
    case "refused":
      return html`<p class="facts"><${Fact} shape="failed" tone="failed" word="Not sent" /></p>`;
    default:
      return html`<${Saved} item=${item} />`;
  }
}

const Fact = ({ shape, tone, word, share }) => html`
  <span class=${`state-mark tone-${tone}`}><${Shape} shape=${shape} share=${share} />${" "}${word}</span>
`;

function Sending({ item }) {
  const share = percent(item.bytes.value, item.size);
  const stalled = item.stalledSeconds;
  const left = item.secondsLeft;
  return html`
    <p class="facts figures">
      <${Fact} shape="moving" tone="moving" share=${share} word=${`Sent ${share}\u00a0%`} />
      ${stalled > 0 && html`<span class="fact-stalled">No progress for ${duration(stalled)}</span>`}
      ${!stalled && item.bytesPerSecond.value > 0 && html`<span class="soft">${speed(item.bytesPerSecond.value)}</span>`}
      ${!stalled && left !== null && html`<span class="soft">${duration(Math.max(1, left))} left</span>`}
    </p>
  `;
}

function Saving({ item }) {
  const seconds = item.stalledSeconds;
  return html`
    <p class="facts figures">
      <strong class="fact">Sent</strong>
      <span class="soft">The server is saving it${seconds ? `, ${duration(seconds)}` : "…"}</span>
    </p>
  `;
}

function retryWords(item) {
  if (item.retryAt.value === null) return "";
  const seconds = Math.ceil((item.retryAt.value - now.value) / 1000);
  return seconds > 0 ? ` · next try in ${duration(seconds)}` : " · trying now";
}

function Saved({ item }) {
  const answer = item.saved.value;
  const id = answer.video_id;
  useEffect(() => id && follow(id), [id]);
  const known = id ? record(id).value : null;
  const deliveries = known?.deliveries || answer.deliveries || [];
  const damage = ownDamage(known);
  return html`
    <div class="facts">
      <strong class="fact">Sent</strong>
      <span class="fact-saved">${damage ? html`<${OwnDamage} words=${damage} />` : html`<strong class="fact">Saved</strong>`}<${Digest} digest=${digestOf(answer)} of=${shown(item.name)} /></span>
      ${deliveries.map((delivery) => html`
        <${StateMark} key=${delivery.target} delivery=${delivery} label=${targetLabel(delivery.target)} />
      `)}
    </div>
    ${answer.duplicate_of && html`<${SameAs} id=${answer.duplicate_of} />`}
  `;
}
