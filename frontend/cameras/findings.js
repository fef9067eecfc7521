// What an export found: bounds given against bounds asked, gaps, and what could not be had; never hidden, all of it named.
import { html } from "../html.js";
import { shown } from "../words/names.js";
import { count } from "../words/sizes.js";
import { sentence } from "../words/states.js";
import { boundsWords } from "./export-words.js";
import { nameById } from "./known.js";
import { lengthWords, msOf, stretchWords } from "./moments.js";

const AT_MOST = 100;

export const hasTrouble = ({ gaps, problems }) => gaps.length + problems.length > 0;

export const Findings = ({ told: { bounds, gaps, problems } }) => html`
  <details class="findings" open=${problems.some(lacks)}>
    <summary>${summaryWords(gaps, problems.filter(lacks))}</summary>
    <${Problems} of=${problems.filter(lacks)} heading="Could not be had" />
    <${Problems} of=${problems.filter((one) => !lacks(one))} heading="Could not be read, but another recording shows the same time" />
    ${gaps.length > 0 && html`
      <h4>Gaps: nothing was recorded</h4>
      <ul role="list" class="figures" data-gaps>
        ${gaps.slice(0, AT_MOST).map(({ camera_id: id, start, end }) => html`<li key=${id + start}><bdi>${nameById(id)}</bdi>: ${stretchWords(msOf(start), msOf(end))} <span class="soft">(${lengthWords(msOf(end) - msOf(start))})</span></li>`)}
        <${More} all=${gaps} />
      </ul>
    `}
    ${bounds.length > 0 && html`
      <h4>Bounds</h4>
      <ul role="list" class="figures" data-bounds>
        ${bounds.map(({ camera_id: id, asked, given, encoded, why_encoded: why }) => html`
          <li key=${id}><bdi>${nameById(id)}</bdi>: ${boundsWords({ asked, given })}
            <dl class="bounds-given"><div><dt>Asked</dt><dd>${ofStretch(asked)}</dd></div><div><dt>Given</dt><dd>${given ? ofStretch(given) : "nothing"}</dd></div></dl>
            ${encoded && html`<span class="soft">Encoded anew${why ? `: ${sentence(why)}` : "."}</span>`}
          </li>
        `)}
      </ul>
    `}
  </details>
`;

/** Nothing lacks where another recording shows that time. */
const lacks = ({ covered }) => !covered;

const Problems = ({ of, heading }) => of.length > 0 && html`
  <h4>${heading}</h4>
  <ul role="list" data-problems>${of.slice(0, AT_MOST).map((problem, at) => html`<${Problem} key=${at} problem=${problem} />`)}<${More} all=${of} /></ul>
`;

const ofStretch = ({ start, end }) => stretchWords(msOf(start), msOf(end));

function summaryWords(gaps, problems) {
  const parts = [problems.length > 0 && count(problems.length, "problem"), gaps.length > 0 ? count(gaps.length, "gap") : "no gaps"];
  return `Bounds, ${parts.filter(Boolean).join(", ")}`;
}

const More = ({ all }) => all.length > AT_MOST && html`<li>and ${all.length - AT_MOST} more: the manifest names them all.</li>`;

const KINDS = { missing: "missing", corrupt: "damaged", "still-recording": "still being recorded" };

const Problem = ({ problem: { kind, camera_id: id, filename, start, end, words } }) => html`
  <li><bdi>${nameById(id)}</bdi>: ${filename && !words?.includes(filename) && html`<code><bdi>${shown(filename)}</bdi></code>: `}${words ? sentence(words) : `${KINDS[kind] ?? kind}.`}
    ${start && end && html`<span class="soft figures"> ${stretchWords(msOf(start), msOf(end))}</span>`}
  </li>
`;
