// The targets: whether each takes videos, what waits for it, when it last worked and last failed; Check, Pause, Resume.
import { useSignal } from "@preact/signals";
import { minute, now } from "../clock.js";
import { html } from "../html.js";
import { Ago } from "../parts/ago.js";
import { Late } from "../parts/late.js";
import { Shape } from "../parts/state-mark.js";
import { mayOperate, targets as known } from "../server/session.js";
import { askPlace, places } from "../videos/places.js";
import { AS_FAR_AS_KNOWN, PILOT_STEPS, isVms } from "../words/footage.js";
import { count, size } from "../words/sizes.js";
import { needsPerson, sentence, trouble } from "../words/states.js";
import { duration, exact } from "../words/times.js";
import { Act, Found } from "./act.js";
import { checkPlace } from "./check-place.js";
import { report } from "./known.js";
import { Way, backlogAt } from "./links.js";

export const Targets = () => html`
  <section class="part" aria-labelledby="targets-heading">
    <header class="part-head"><h2 id="targets-heading">Targets</h2><p class="soft">Where copies are kept besides this server</p></header>
    <${Body} />
  </section>
`;

function Body() {
  const all = [...places.value.values()];
  if (all.length) return html`<ul class="panel rows" role="list">${all.map((place) => html`<${Row} key=${place.name} place=${place} />`)}</ul>`;
  if (known.value.length) return html`<${Late}><${Skeleton} /><//>`;
  return html`
    <div class="panel nothing">
      <p><strong>No target is set up.</strong> Videos are kept on this server's disk only.</p>
      ${mayOperate.value && html`<p class="soft">A second disk, MinIO or S3, or Google Drive can hold copies: describe one in <code>targets.toml</code>; the guide shows how.</p>`}
    </div>
  `;
}

const Skeleton = () => html`
  <div class="panel rows" aria-hidden="true" data-skeleton>
    ${known.value.map(({ name }) => html`<p key=${name} class="row"><span class="bone bone-45" /></p>`)}
  </div>
`;

const MARKS = {
  up: { shape: "verified", word: "Up", tone: "verified" },
  degraded: { shape: "waiting", word: "Trying again", tone: "waiting" },
  paused: { shape: "waiting", word: "Paused", tone: "waiting" },
};

const REQUIRED = { all: "required", recordings: "required of recordings", named: "required where named", none: "optional" };

function markOf(place) {
  if (!place.enabled) return { shape: "none", word: "Off", tone: "waiting" };
  if (needsPerson(place)) return { shape: "needs", word: "Needs you", tone: "needs" };
  return MARKS[place.state] ?? { shape: "waiting", word: "Waiting", tone: "waiting" };
}

function Row({ place }) {
  const found = useSignal(null);
  const { shape, word, tone } = markOf(place);
  return html`
    <li class="row place" data-place=${place.name} data-state=${place.state}>
      <div class="place-name">
        <h3><bdi>${place.label || place.name}</bdi></h3>
        <p class="soft">${place.kind} · ${REQUIRED[place.required_of]}</p>
      </div>
      <p class=${`state-mark tone-${tone}`}><${Shape} shape=${shape} />${" "}${word}</p>
      <dl class="place-facts">
        <div><dt>Verified copies</dt><dd><${Verified} name=${place.name} /></dd></div>
        <div><dt>Waiting</dt><dd><${Backlog} place=${place} /></dd></div>
        <div><dt>Last success</dt><dd>${place.last_success_at ? html`<${Ago} at=${place.last_success_at} />` : "none yet"}</dd></div>
        <div><dt>Last error</dt><dd>${place.last_error_at ? html`<${Ago} at=${place.last_error_at} />` : "none"}</dd></div>
      </dl>
      ${mayOperate.value && place.enabled && html`<div class="place-acts"><${Acts} place=${place} found=${found} /></div>`}
      <${Why} place=${place} tone=${tone} />
      ${isVms(place) && html`<p class="why soft" data-as-far-as-known>${AS_FAR_AS_KNOWN}</p><${Pilot} />`}
      <${Found} found=${found} />
    </li>
  `;
}

const Pilot = () => html`
  <details class="pilot">
    <summary>Before you rely on it</summary>
    <p>On a test system, with one short recording of a known clock. The README’s “First steps” say how.</p>
    <ol>${PILOT_STEPS.map((step) => html`<li key=${step}>${step}</li>`)}</ol>
  </details>
`;

function Verified({ name }) {
  const there = (report.answer.value?.by_target ?? []).find((each) => each.target === name && each.state === "delivered");
  return there ? `${count(there.count, "video")}, ${size(there.bytes)}` : report.answer.value ? "none yet" : "–";
}

function Backlog({ place: { name, backlog, oldest_waiting_at: oldest } }) {
  if (!backlog.count) return "nothing";
  const since = oldest && duration((minute.value - Date.parse(oldest)) / 1000);
  return html`
    <${Way} to=${backlogAt(name)}>${count(backlog.count, "video")}<//>, ${size(backlog.bytes)}
    ${oldest && html`<span class="soft" title=${exact(oldest)}> · oldest for ${since}</span>`}
  `;
}

/** Why it takes nothing now; where it works, its last error in words. */
function Why({ place, tone }) {
  if (place.enabled && place.state !== "up") return html`<p class=${`why note tone-${tone}`}>${trouble(place, now.value)}</p>`;
  return place.last_error && html`<p class="why soft">Last error: ${sentence(place.last_error)}</p>`;
}

function Acts({ place, found }) {
  const label = place.label || place.name;
  const isPaused = place.state === "paused";
  const turn = async () => {
    await askPlace(place.name, isPaused ? "resume" : "pause");
    return isPaused ? `${label} goes on.` : `${label} is paused: nothing new is started there.`;
  };
  return html`
    <${Act} act=${() => checkPlace(place)} found=${found} says="Check" busySays="Checking…" name=${`Check ${label}`} />
    <${Act} act=${turn} found=${found} icon=${isPaused ? "play" : "pause"} says=${isPaused ? "Resume" : "Pause"} name=${`${isPaused ? "Resume" : "Pause"} ${label}`} />
  `;
}
