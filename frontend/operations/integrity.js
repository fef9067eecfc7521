// Integrity: how far the files were read again and compared, here and on each target.
import { minute } from "../clock.js";
import { html } from "../html.js";
import { Ago } from "../parts/ago.js";
import { Shape } from "../parts/state-mark.js";
import { count } from "../words/sizes.js";
import { sentence } from "../words/states.js";
import { duration, exact } from "../words/times.js";
import { labelOf, scrub } from "./known.js";

export function Integrity() {
  if (scrub.isUntold.value) return null;
  const told = scrub.answer.value;
  return html`
    <section class="part" aria-labelledby="integrity-heading">
      <header class="part-head"><h2 id="integrity-heading">Integrity</h2><p class="soft">Every file is read again now and then, and compared with the digest it was saved with</p></header>
      ${scrub.problem.value && html`<p class="tone-failed" role="alert">This could not be looked up. ${scrub.problem.value}</p>`}
      ${told && html`
        <ul class="panel rows" role="list">
          <${Row} name="This server's disk" facts=${told.local} place="local" />
          ${Object.entries(told.remote ?? {}).map(([target, facts]) => html`<${Row} key=${target} name=${labelOf(target)} facts=${facts} place=${target} />`)}
        </ul>
      `}
    </section>
  `;
}

function Row({ name, place, facts: { checked = 0, due = 0, damaged = 0, oldest_check_at: oldest, last_run_at: last, halted } }) {
  const { shape, word, tone } = markOf(checked, damaged);
  return html`
    <li class="row place" data-scrub=${place}>
      <div class="place-name"><h3><bdi>${name}</bdi></h3></div>
      <p class=${`state-mark tone-${tone}`}><${Shape} shape=${shape} />${" "}${word}</p>
      <dl class="place-facts">
        <div><dt>Checked</dt><dd>${count(checked, "file")}</dd></div>
        <div><dt>Due</dt><dd>${due ? count(due, "file") : "none"}</dd></div>
        <div><dt>Longest unread</dt><dd>${oldest ? html`<span title=${exact(oldest)}>${duration((minute.value - Date.parse(oldest)) / 1000)}</span>` : "–"}</dd></div>
        <div><dt>Last run</dt><dd>${last ? html`<${Ago} at=${last} />` : "none yet"}</dd></div>
      </dl>
      ${halted && html`<p class="why note tone-needs">The last run could not go on: ${sentence(halted)}</p>`}
    </li>
  `;
}

function markOf(checked, damaged) {
  if (damaged) return { shape: "failed", word: `${damaged.toLocaleString("en-GB")} damaged`, tone: "failed" };
  if (checked) return { shape: "verified", word: "No damage found", tone: "verified" };
  return { shape: "waiting", word: "Not checked yet", tone: "waiting" };
}
