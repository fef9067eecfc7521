// What the rules would do, now or some days ahead: totals, then each decision with its rule and reason. Looking changes nothing.
import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { Late } from "../parts/late.js";
import { online } from "../server/reach.js";
import { mayOperate, session } from "../server/session.js";
import { announce } from "../shell/announce.js";
import { shown } from "../words/names.js";
import { count, size } from "../words/sizes.js";
import { sentence } from "../words/states.js";
import { ACTIONS } from "./actions.js";
import { Decisions } from "./decisions.js";
import { useWatch } from "./known.js";
import { source } from "./source.js";

const AHEAD = [[0, "Now"], [7, "In 7 days"], [30, "In 30 days"], [90, "In 90 days"]];
const PAGE = 50;
// Rules are weighed against every video: seldom enough.
const REST_MS = 60_000;
const COUNTING_MS = 2000;

const ahead = signal(0);
const address = () => `/api/retention/preview?days_ahead=${ahead.peek()}&limit=${PAGE}`;
const preview = source(address);
/** The pages after the first: {items, cursor}; null until somebody asks for them. */
const further = signal(null);

effect(() => {
  if (session.value !== null) return;
  ahead.value = 0;
  further.value = null;
});

/** What was told of the time that is chosen; an answer about another time is none. */
const current = () => (preview.of.value === address() ? preview.answer.value : null);

async function look(days) {
  ahead.value = days;
  further.value = null;
  await preview.ask();
  const told = current();
  if (told && !preview.problem.peek()) announce(totalsInWords(told), { isAnswer: true });
}

function useCountingOn() {
  const told = current();
  useEffect(() => {
    if (!told || !isCounting(told) || further.peek()) return undefined;
    const timer = setTimeout(preview.ask, COUNTING_MS);
    return () => clearTimeout(timer);
  }, [told]);
}

export function Retention() {
  // Nobody's place in a long list is taken away.
  useWatch(() => !preview.isUntold.peek() && !further.peek() && preview.ask(), REST_MS);
  useCountingOn();
  if (preview.isUntold.value) return null;
  const days = ahead.value;
  const told = current();
  return html`
    <section class="part" aria-labelledby="retention-heading">
      <header class="part-head">
        <h2 id="retention-heading">Retention</h2>
        <p class="soft">What the rules would do. Looking deletes nothing.</p>
        ${preview.answer.value && html`
          <div class="segments" role="group" aria-label="When">
            ${AHEAD.map(([each, says]) => html`
              <button type="button" key=${each} aria-pressed=${days === each ? "true" : "false"} onClick=${() => look(each)}>${says}</button>
            `)}
          </div>
        `}
      </header>
      ${preview.problem.value && html`<p class="tone-failed" role="alert">This could not be looked up. ${preview.problem.value}</p>`}
      ${!told && !online.value && html`<p class="panel nothing soft">There is no connection. This is looked up as soon as there is one.</p>`}
      ${!told && online.value && !preview.problem.value && html`<${Late}><div class="panel rows" aria-hidden="true" data-skeleton><p class="row"><span class="bone bone-45" /></p></div><//>`}
      ${told?.doubt && html`<p class="note tone-needs">The clock is doubted, so nothing that waits for an age is done: ${sentence(told.doubt)}</p>`}
      ${told && (told.rules.length || told.decisions.length ? html`<${Preview} told=${told} />` : html`<${NoRules} />`)}
    </section>
  `;
}

/** Very many are counted piece by piece; each question counts on. */
const isCounting = ({ totals_are_exact: isExact = true }) => !isExact;

const Preview = ({ told }) => html`
  <div class="panel retention">
    <ul class="totals" role="list" aria-label="What the rules would do, in all">
      ${Object.entries(ACTIONS).map(([action, { total }]) => html`<${Total} key=${action} says=${total} figures=${told.totals[action] ?? told.totals.kept} isLeast=${isCounting(told)} />`)}
    </ul>
    ${isCounting(told) && html`<p class="totals-more soft">There are many videos, and they are still being counted: these figures grow.</p>`}
    ${told.rules.length > 0 && html`
      <details class="rules"><summary>${count(told.rules.length, "rule")}</summary>
        <dl>${told.rules.map(({ name, words }) => html`<div key=${name}><dt><bdi>${shown(name)}</bdi></dt><dd>${sentence(words)}</dd></div>`)}</dl>
      </details>
    `}
    <${Decisions} told=${told} address=${address} further=${further} />
  </div>
`;

const Total = ({ says, figures: { count: number = 0, bytes = 0 } = {}, isLeast }) => html`
  <li class=${number ? "total" : "total total-none"}>
    <strong class="figures">${isLeast && html`<small>at least </small>`}${number.toLocaleString("en-GB")}</strong><span>${says}</span><span class="soft figures">${size(bytes)}</span>
  </li>
`;

const totalsInWords = ({ totals, ...told }) =>
  `${isCounting(told) ? "At least " : ""}${Object.entries(ACTIONS).map(([action, { total }]) => `${(totals[action] ?? totals.kept)?.count ?? 0} ${total.toLowerCase()}`).join(", ")}.`;

const EXAMPLE = `[[rule]]
name = "meetings"          # shown in every explanation
project = "meetings"       # and/or tag, label, camera
expire_after_days = 365    # then to the trash

[[rule]]
name = "room on the disk"  # no project: every video
keep_local_days = 30       # the copy here may go after this age …
keep_local_copies = 2      # … once two verified copies exist
`;

const NoRules = () => html`
  <div class="panel nothing">
    <p><strong>No rules are set.</strong> Videos go only when somebody throws them away, or at an end that was given with the upload.</p>
    ${mayOperate.value && html`
      <p class="soft">Rules are written into <code>retention.toml</code> beside the server's settings, for example:</p>
      <pre class="example" tabindex="0" role="region" aria-label="Example of retention.toml"><code>${EXAMPLE}</code></pre>
      <p class="soft">This view then shows what they would do, before they do it.</p>
    `}
  </div>
`;
