// What happened to the video, newest first.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { Ago } from "../parts/ago.js";
import { live } from "../videos/list.js";
import { shown } from "../words/names.js";
import { sentence } from "../words/states.js";
import { historyOf } from "./acts.js";
import { Audit } from "./audit.js";

const FIRST = 6;

export function History({ video }) {
  const entries = useSignal(null);
  const trouble = useSignal("");
  const isWhole = useSignal(false);
  const isLive = live.value;
  useEffect(() => {
    if (!isLive) return undefined;
    let isWanted = true;
    const told = (act) => (answer) => isWanted && act(answer);
    historyOf(video.id).then(
      told((found) => {
        entries.value = found;
        trouble.value = "";
      }),
      told((problem) => (trouble.value = problem.message)),
    );
    return () => (isWanted = false);
  }, [video.id, signature(video), isLive]);
  if (!entries.value) return trouble.value && html`<${Section}><p class="soft details-small">It could not be loaded. ${trouble.value}</p><//>`;
  const rest = entries.value.length - FIRST;
  return html`
    <${Section}>
      <ol class="history" role="list">
        ${entries.value.slice(0, isWhole.value ? undefined : FIRST).map((entry, at) => html`<${Entry} key=${`${entry.at} ${at}`} entry=${entry} />`)}
      </ol>
      ${rest > 0 && html`
        <button type="button" class="button small" aria-expanded=${String(isWhole.value)} onClick=${() => (isWhole.value = !isWhole.peek())}>
          ${isWhole.value ? "Show less" : `Show ${rest} more`}
        </button>
      `}
      <${Audit} video=${video} signature=${signature(video)} />
    <//>
  `;
}

/** Whatever goes into the history changes one of these. */
const signature = ({ updated_at: at, status, deliveries, media, holds }) =>
  [at, status, ...deliveries.map((each) => each.state + each.attempts), ...(media?.jobs ?? []).map((job) => job.id + job.state), ...(holds ?? []).map((hold) => hold.id)].join();

const Section = ({ children }) => html`
  <section class="details-section">
    <h3>History</h3>
    ${children}
  </section>
`;

const Entry = ({ entry: { at, what, words, by } }) => html`
  <li class="history-entry" data-what=${what}>
    <p>${sentence(words)}${by && html`<span class="soft"> By <bdi>${shown(by)}</bdi>.</span>`}</p>
    <p class="history-when soft"><${Ago} at=${at} /></p>
  </li>
`;
