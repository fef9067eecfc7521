// What needs a person: targets that take nothing, copies that failed, are parked or damaged, by reason, with Retry; files
// damaged on this disk; and webhooks that ended.
import { useSignal } from "@preact/signals";
import { now } from "../clock.js";
import { html } from "../html.js";
import { Shape } from "../parts/state-mark.js";
import { post } from "../server/api.js";
import { mayOperate } from "../server/session.js";
import { places } from "../videos/places.js";
import { pathOf } from "../videos/records.js";
import { shown } from "../words/names.js";
import { count } from "../words/sizes.js";
import { canRetry, explain, mark, needsPerson, sentence, trouble } from "../words/states.js";
import { Act, Found } from "./act.js";
import { checkPlace } from "./check-place.js";
import { damages } from "./damages.js";
import { askAll, labelOf, report, scrub, troubles } from "./known.js";
import { Way, backlogAt, libraryAt, videoAt } from "./links.js";
import { gathered } from "./troubles.js";
import { HookNeed, stuckHooks } from "./webhook-needs.js";

const TOLD_AT_MOST = 200;
const AT_ONCE = 4;
const FEW = 3;

export function Needs() {
  const told = troubles.map(({ answer }) => answer.value);
  const problem = troubles.map((each) => each.problem.value).find(Boolean);
  const deliveries = told.flatMap((each) => each?.deliveries ?? []);
  const groups = gathered(deliveries);
  const damaged = scrub.answer.value?.local?.damaged ?? 0;
  const stuck = stuckPlaces();
  const ended = stuckHooks();
  const alone = stuck.filter(({ name }) => !groups.some(({ sample }) => isParkedAt(sample, name)));
  const number = groups.length + damaged + stuck.length + ended.length;
  if (!number && !problem) return told.includes(null) ? null : html`<${Nothing} />`;
  const isMended = groups.some(({ sample }) => mark(sample).word === "Repairing");
  return html`
    <section class="part" aria-labelledby="needs">
      <header class="part-head"><h2 id="needs" tabindex="-1">What needs a person${isMended && ", or is being repaired"}</h2></header>
      ${problem && html`<p class="tone-failed" role="alert">Not all of this could be looked up. ${problem}</p>`}
      ${number > 0 && html`<ul class="panel rows" role="list">
        ${damaged > 0 && html`<${OwnDamage} damaged=${damaged} />`}
        ${alone.map((place) => html`<${Place} key=${place.name} place=${place} />`)}
        ${groups.map((group) => html`<${Group} key=${group.key} group=${group} others=${othersAt(stuck, group)} isOnly=${isOnly(groups, group)} isMore=${isMore(told, group.sample.state)} />`)}
        ${ended.map((hook) => html`<${HookNeed} key=${hook.id} hook=${hook} />`)}
      </ul>`}
    </section>
  `;
}

/** Targets that take nothing until somebody does something: all that is meant for them waits, tried or not. */
const stuckPlaces = () => [...places.value.values()].filter((place) => place.enabled && needsPerson(place));
const isParkedAt = ({ state, target }, name) => state === "parked" && target === name;

/** How many copies wait at this group's target besides the ones in it. */
function othersAt(stuck, { sample, items }) {
  const place = stuck.find(({ name }) => isParkedAt(sample, name));
  return place ? Math.max(0, place.backlog.count - items.length) : 0;
}

/** The Library filters by target and state, not by reason. */
const isOnly = (groups, { sample: { target, state } }) =>
  groups.filter(({ sample }) => sample.target === target && sample.state === state).length === 1;

const isMore = (told, state) => (told.find((each) => each?.deliveries?.[0]?.state === state)?.count ?? 0) >= TOLD_AT_MOST;

/** Said only where the server's own count says so too. */
const Nothing = () => report.answer.value?.safe.videos > 0 && report.answer.value.safe.needs_person === 0 && html`
  <section class="part" aria-labelledby="needs">
    <header class="part-head"><h2 id="needs" tabindex="-1">What needs a person</h2><p class="soft">Nothing at the moment</p></header>
  </section>
`;

/** No copy was tried since, so none has failed; the target is what needs somebody. */
function Place({ place }) {
  const found = useSignal(null);
  const label = place.label || place.name;
  const { count: number } = place.backlog;
  return html`
    <li class="row need" data-need="target">
      <p class="state-mark tone-needs"><${Shape} shape="needs" />${" "}Needs you</p>
      <div class="need-what">
        <h3>${number > 0 && html`<${Way} to=${backlogAt(place.name)}>${count(number, "video")}<//> ${number === 1 ? "waits" : "wait"} for `}<bdi>${label}</bdi></h3>
        <p>${trouble(place, now.value)}</p>
        <${Found} found=${found} />
      </div>
      ${mayOperate.value && html`
        <div class="need-acts"><${Act} act=${() => checkPlace(place)} found=${found} says="Check" busySays="Checking…" name=${`Check ${label} now`} /></div>
      `}
    </li>
  `;
}

function OwnDamage({ damaged }) {
  const isAll = useSignal(false);
  const known = damages();
  return html`
    <li class="row need" data-need="own-damage">
      <p class="state-mark tone-failed"><${Shape} shape="failed" />${" "}Damaged here</p>
      <div class="need-what">
        <h3>${count(damaged, "file")} on this server's disk</h3>
        <p>What is on the disk is not what was saved. It is put right from a verified copy where there is one; else upload the same file again.</p>
        <ul class="files" role="list">
          ${(isAll.value ? known : known.slice(0, FEW)).map(({ video_id: id, filename, part, reason }) => html`
            <li key=${`${id} ${part}`}><${Way} to=${videoAt(id)}><bdi>${shown(filename)}</bdi><//><span class="soft">${part !== "file" && "the record beside it: "}${sentence(reason)}</span></li>
          `)}
        </ul>
        <${More} isAll=${isAll} number=${known.length} />
      </div>
    </li>
  `;
}

const More = ({ isAll, number }) => number > FEW && html`
  <button type="button" class="more" aria-expanded=${isAll.value ? "true" : "false"} onClick=${() => (isAll.value = !isAll.peek())}>
    ${isAll.value ? "Show fewer" : `Show all ${number}`}
  </button>
`;

function Group({ group: { sample, items }, others, isOnly: isAlone, isMore: isAtLeast }) {
  const found = useSignal(null);
  const label = labelOf(sample.target);
  const { shape, word, tone } = mark(sample);
  const many = `${isAtLeast ? "at least " : ""}${count(items.length, "video")}`;
  const to = isAlone ? libraryAt({ state: `copy:${sample.state}`, target: sample.target }) : "";
  return html`
    <li class="row need" data-need=${sample.state}>
      <p class=${`state-mark tone-${tone}`}><${Shape} shape=${shape} />${" "}${word}</p>
      <div class="need-what">
        <h3><${Way} to=${to}>${many}<//> on ${label}</h3>
        <p>${explain({ ...sample, attempts: 0 }, label, 0)}${others > 0 && ` ${count(others, "other copy waits", "other copies wait")} for it too.`}</p>
        <${Files} items=${items} label=${label} found=${found} />
        <${Found} found=${found} />
      </div>
      ${mayOperate.value && canRetry(sample) && items.length > 1 && html`
        <div class="need-acts">
          <${Act} act=${() => retryAll(items, label)} found=${found} icon="retry" says=${`Retry ${items.length}`} busySays="Asking…"
            name=${`Retry ${count(items.length, "video")} on ${label}`} />
        </div>
      `}
    </li>
  `;
}

function Files({ items, label, found }) {
  const isAll = useSignal(false);
  const some = isAll.value ? items : items.slice(0, FEW);
  return html`
    <ul class="files" role="list">
      ${some.map((delivery) => html`
        <li key=${delivery.video_id}>
          <${Way} to=${videoAt(delivery.video_id)}><bdi>${shown(delivery.filename)}</bdi><//>
          ${mayOperate.value && canRetry(delivery) && html`
            <${Act} act=${() => retryAll([delivery], label)} found=${found} icon="retry" says="Retry" name=${`Retry ${shown(delivery.filename)} on ${label}`} />
          `}
        </li>
      `)}
    </ul>
    <${More} isAll=${isAll} number=${items.length} />
  `;
}

/** A few at a time; the first refusal is told, the others are tried all the same. */
async function retryAll(items, label) {
  const waiting = [...items];
  let trouble = null;
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      await post(`${pathOf(next.video_id)}/deliveries/${encodeURIComponent(next.target)}/retry`).catch((problem) => (trouble ??= problem));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await askAll();
  if (trouble) throw trouble;
  return items.length === 1 ? `${shown(items[0].filename)} is tried again on ${label}.` : `${count(items.length, "video")} are tried again on ${label}.`;
}
