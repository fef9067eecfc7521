// What was and will be sent to one webhook, the newest first: how it ended, why not, and Send again.
import { useMemo } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { Ago } from "../parts/ago.js";
import { Shape } from "../parts/state-mark.js";
import { post } from "../server/api.js";
import { shown } from "../words/names.js";
import { count } from "../words/sizes.js";
import { sentence } from "../words/states.js";
import { Act, Found } from "./act.js";
import { useWatch } from "./known.js";
import { source } from "./source.js";
import { pathOf } from "./webhook-names.js";

const FEW = 10;
const REST_MS = 5_000;
const MARKS = {
  pending: { shape: "waiting", word: "Waiting", tone: "waiting" },
  in_progress: { shape: "moving", word: "Sending", tone: "moving" },
  delivered: { shape: "verified", word: "Taken", tone: "verified" },
  failed: { shape: "failed", word: "Failed", tone: "failed" },
};

export function Sent({ hook, name }) {
  const sent = useMemo(() => source(`${pathOf(hook.id)}/deliveries?limit=${FEW}`), [hook.id]);
  useWatch(() => sent.ask(), REST_MS, [sent]);
  const told = sent.answer.value;
  return html`
    <div class="webhook-sent" role="group" aria-label=${`What was sent to ${name}`}>
      ${sent.problem.value && html`<p class="tone-failed" role="alert">This could not be looked up. ${sent.problem.value}</p>`}
      ${told && !told.deliveries.length && html`<p class="soft">Nothing was sent yet.</p>`}
      ${told?.deliveries.length > 0 && html`<ul role="list">${told.deliveries.map((one) => html`<${Row} key=${one.id} one=${one} hook=${hook} reload=${sent.ask} />`)}</ul>`}
      ${told?.next_cursor && html`<p class="soft">The latest ${FEW} are shown. <code>scripts/video_manager webhooks log</code> tells more.</p>`}
    </div>
  `;
}

function Row({ one, hook, reload }) {
  const found = useSignal(null);
  const { shape, word, tone } = MARKS[one.state] ?? MARKS.pending;
  const again = async () => {
    await post(`${pathOf(hook.id)}/deliveries/${one.id}/retry`);
    await reload();
    return "It is sent again.";
  };
  const answer = [one.status_code, one.answered_seconds !== null && `${one.answered_seconds.toFixed(2)} s`, one.attempts > 1 && count(one.attempts, "attempt")].filter(Boolean);
  return html`
    <li class="webhook-one" data-delivery=${one.id}>
      <p class=${`state-mark tone-${tone}`}><${Shape} shape=${shape} share=${0} />${" "}${word}</p>
      <div class="webhook-what">
        <p><strong>${one.type}</strong>${one.payload.data.original_filename && html` · <bdi>${shown(one.payload.data.original_filename)}</bdi>`}<span class="soft"> · <${Ago} at=${one.created_at} /></span></p>
        ${answer.length > 0 && html`<p class="soft">${answer.join(" · ")}</p>`}
        ${one.error && html`<p class=${tone === "failed" ? "tone-failed" : "soft"}>${sentence(one.error)}${one.state === "pending" && " It is tried again by itself."}</p>`}
        <${Found} found=${found} />
      </div>
      ${one.state !== "in_progress" && hook.enabled && html`<${Act} act=${again} found=${found} icon="retry" says="Send again" name=${`Send ${one.type} again (${one.id})`} />`}
    </li>
  `;
}
