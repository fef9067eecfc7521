// Where one file stands, in words: the three facts always apart (Sent, Saved with its digest, each target), or why it waits.
import { now } from "../clock.js";
import { html } from "../html.js";
import { Shape } from "../parts/state-mark.js";
import { percent, speed } from "../words/sizes.js";
import { duration } from "../words/times.js";
import { chooseAgain, goOnFrom, WAITS } from "../words/uploads.js";
import { SavedFacts } from "./saved-facts.js";

export function Facts({ item }) {
  const share = percent(item.bytes.value, item.size);
  switch (item.state.value) {
    case "held":
      return html`<${Waits} word="Waits until you send it" />`;
    case "opening":
    case "queued":
      return html`<${Waits} word="Waits for its turn" share=${share} />`;
    case "sending":
      return html`<${Sending} item=${item} share=${share} />`;
    case "saving":
      return html`<${Saving} item=${item} />`;
    case "paused":
      return html`<${Waits} word="Paused" share=${share} />`;
    case "waiting":
      return html`<${Waits} word=${WAITS[item.reason.value] ?? "Paused"} share=${share} soon=${nextTry(item)} />`;
    case "needs":
      return html`<p class="facts"><${Fact} shape="needs" tone="needs" word=${item.handle.value ? goOnFrom(share) : chooseAgain(share)} /></p>`;
    case "elsewhere":
      return html`<${Elsewhere} item=${item} />`;
    case "failed":
      return html`<p class="facts"><${Fact} shape="failed" tone="failed" word="Not saved" /><${SentShare} share=${share} /></p>`;
    case "refused":
      return html`<p class="facts"><${Fact} shape="failed" tone="failed" word="Not sent" /></p>`;
    default:
      return html`<${SavedFacts} item=${item} />`;
  }
}

const Fact = ({ shape, tone, word, share }) => html`
  <span class=${`state-mark tone-${tone}`}><${Shape} shape=${shape} share=${share} />${" "}${word}</span>
`;

const SentShare = ({ share }) => share > 0 && html`<span class="soft">Sent ${share}\u00a0%</span>`;

const Waits = ({ word, share = 0, soon = "" }) => html`
  <p class="facts figures">
    <${Fact} shape="waiting" tone="waiting" word=${word} />
    ${soon && html`<span class="soft">${soon}</span>`}
    <${SentShare} share=${share} />
  </p>
`;

function nextTry(item) {
  if (item.retryAt.value === null) return "";
  const seconds = Math.ceil((item.retryAt.value - now.value) / 1000);
  return seconds > 0 ? `Next try in ${duration(seconds)}` : "Trying now";
}

function Sending({ item, share }) {
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

function Elsewhere({ item }) {
  const { state, bytes = item.bytes.value } = item.elsewhere.value ?? {};
  const share = percent(bytes, item.size);
  if (state !== "sending") return html`<${Waits} word="In another tab of this browser" share=${share} />`;
  return html`
    <p class="facts figures">
      <${Fact} shape="moving" tone="moving" share=${share} word="Moving in another tab of this browser" />
      <${SentShare} share=${share} />
    </p>
  `;
}
