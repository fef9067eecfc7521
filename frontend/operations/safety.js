// The first thing said: the sentence, its shares as a bar, and how old that knowledge is.
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { Ago } from "../parts/ago.js";
import { Icon } from "../parts/icons.js";
import { Late } from "../parts/late.js";
import { Shape } from "../parts/state-mark.js";
import { online } from "../server/reach.js";
import { mayUpload, targets } from "../server/session.js";
import { announce } from "../shell/announce.js";
import { follow } from "../shell/route.js";
import { isVms } from "../words/footage.js";
import { damagedFiles } from "./damages.js";
import { report } from "./known.js";
import { Way } from "./links.js";
import { asText, demanded, sentenceOf } from "./sentence.js";
import { ShareBar } from "./share-bar.js";

export const pruned = (told) => told.by_state?.find(({ name }) => name === "pruned")?.count ?? 0;

/** How many copies a VMS let go when its retention had passed; some of those videos may be here, or elsewhere too. */
function ended({ by_target: told = [] }) {
  const inVms = new Set(targets.value.filter(isVms).map(({ name }) => name));
  return told.filter(({ target, state }) => state === "deleted" && inVms.has(target)).reduce((sum, each) => sum + each.count, 0);
}

function known() {
  const told = report.answer.value;
  return told && sentenceOf({
    safe: told.safe,
    pruned: pruned(told),
    ended: ended(told),
    damaged: damagedFiles(),
    targets: targets.value,
  });
}

export function Safety() {
  useTelling();
  const sentence = known();
  if (!sentence) return html`<${Unknown} />`;
  const { tone, shape, parts } = sentence;
  return html`
    <div class=${`panel safety safety-${tone}`} data-safety=${tone}>
      <p class="safety-sentence">
        <span class=${`safety-mark tone-${tone}`}><${Shape} shape=${shape} share=${50} /></span>
        <span>${parts.map((part, at) => html`<${Part} key=${at} part=${part} />`)}</span>
      </p>
      <${Shares} />
      <${Empty} />
      ${!online.value && html`<p class="safety-age soft">That was so <${Ago} at=${report.at.value} />. The server cannot be reached now.</p>`}
      ${online.value && report.problem.value && html`<p class="safety-age tone-failed" role="alert">It could not be looked up again. ${report.problem.value}</p>`}
    </div>
  `;
}

function Part({ part: { words, to } }) {
  if (!to) return words;
  return to.startsWith("#") ? html`<a href=${to}>${words}</a>` : html`<${Way} to=${to}>${words}<//>`;
}

function Unknown() {
  if (!online.value) return html`<div class="panel safety" data-safety="unknown"><p class="safety-sentence">The server cannot be reached, so nothing can be said about the videos now.</p></div>`;
  if (report.problem.value) {
    return html`
      <div class="trouble" role="alert">
        <p>How safe the videos are could not be looked up. ${report.problem.value}</p>
        <button type="button" class="button small" onClick=${report.ask}>Try again</button>
      </div>
    `;
  }
  return html`<${Late}><div class="panel safety" aria-hidden="true" data-skeleton><span class="bone bone-70 bone-line" /><span class="bone bone-45" /></div><//>`;
}

function Shares() {
  const { videos, verified, waiting, needs_person: needs, exempt = 0 } = report.answer.value.safe;
  if (!videos || !demanded(targets.value).length) return null;
  const shares = [
    { name: "Verified", value: verified, tone: "verified", shape: "verified" },
    { name: "On their way", value: waiting, tone: "moving", shape: "moving" },
    { name: "Need a person", value: needs, tone: "needs", shape: "needs" },
    { name: "No recordings", value: exempt, tone: "other", shape: "none" },
    { name: ended(report.answer.value) ? "Ended, or not queued" : "Not queued", value: videos - verified - waiting - needs - exempt, tone: "other", shape: "none" },
  ];
  return html`<${ShareBar} shares=${shares.filter(({ value }) => value > 0)} whole=${videos} />`;
}

const Empty = () => report.answer.value.safe.videos === 0 && mayUpload.value && html`
  <p><a class="button primary" href="/" onClick=${(event) => follow(event, "/")}><${Icon} name="upload" />Upload videos</a></p>
`;

/** What is worth hearing while one looks: that somebody is needed, or that all is well again. Not each copy. */
function useTelling() {
  const before = useRef(null);
  useEffect(() => effect(() => {
    const sentence = known();
    if (!sentence) return;
    const { needs_person: needs = 0 } = report.answer.value.safe;
    const now = `${sentence.tone} ${needs}`;
    if (before.current !== null && before.current !== now) announce(asText(sentence), { isTrouble: needs > 0 });
    before.current = now;
  }), []);
}
