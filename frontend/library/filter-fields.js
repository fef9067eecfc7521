// The filters: what there is to choose from, with counts; every change goes into the address.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { facets } from "../videos/facets.js";
import { shown } from "../words/names.js";
import { LENGTHS, faults, isTrash } from "./query.js";
import { filters, setFilters } from "./route.js";
import { GROUPS, STATES } from "./states.js";

const FEW = 6;
const change = (changes) => setFilters({ ...filters.peek(), ...changes });

export function FilterFields() {
  const now = filters.value;
  const { projects, labels, tags, cameras } = isTrash(now) ? uncounted(facets.value) : facets.value;
  const wrong = faults(now);
  const one = (name) => (value) => change({ [name]: now[name] === value ? "" : value });
  const tagged = (tag) => change({ tags: now.tags.includes(tag) ? now.tags.filter((other) => other !== tag) : [...now.tags, tag] });
  return html`
    <div class="filter-fields">
      <${Values} title="Project" values=${projects} set=${[now.project]} onPick=${one("project")} />
      <${Values} title="Tags" values=${tags} set=${now.tags} onPick=${tagged}>
        ${tags.length > 1 && html`<${AndOr} op=${now.op} />`}
      <//>
      <${Values} title="Label" values=${labels} set=${[now.label]} onPick=${one("label")} />
      <${State} value=${now.state} isHeld=${now.held === "1"} />
      <${Dates} after=${now.after} before=${now.before} zone=${now.zone} wrong=${wrong.dates} />
      <${Length} value=${now.length} wrong=${wrong.length} />
      <${Values} title="Camera" values=${cameras} set=${[now.camera]} onPick=${one("camera")} />
    </div>
  `;
}

/** The counts are of all that is not in the trash. */
const uncounted = (all) => Object.fromEntries(Object.entries(all).map(([name, values]) => [name, values.map(({ value }) => ({ value, count: null }))]));

/** Buttons that stay pressed. What is set is always shown, also when no video has it any more. */
function Values({ title, values, set, onPick, children }) {
  const isAll = useSignal(false);
  const missing = set.filter((value) => value && !values.some((known) => known.value === value)).map((value) => ({ value, count: null }));
  const all = [...missing, ...values];
  if (!all.length) return null;
  const few = all.filter(({ value }, at) => at < FEW || set.includes(value));
  return html`
    <fieldset class="filter">
      <legend>${title}</legend>
      ${children}
      <ul role="list">
        ${(isAll.value ? all : few).map(({ value, count }) => html`
          <li key=${value}>
            <button type="button" class="filter-value" aria-pressed=${set.includes(value) ? "true" : "false"} onClick=${() => onPick(value)}>
              ${set.includes(value) && html`<${Icon} name="check" />`}<bdi>${shown(value)}</bdi>
              ${count !== null && html`<span class="filter-count figures">${count.toLocaleString("en-GB")}</span>`}
            </button>
          </li>
        `)}
      </ul>
      ${few.length < all.length && html`
        <button type="button" class="filter-more" aria-expanded=${isAll.value ? "true" : "false"} onClick=${() => (isAll.value = !isAll.peek())}>
          ${isAll.value ? "Show fewer" : `Show all ${all.length}`}
        </button>
      `}
    </fieldset>
  `;
}

const AndOr = ({ op }) => html`
  <div class="segments" role="group" aria-label="Videos with">
    ${[["or", "Any of them"], ["and", "All of them"]].map(([value, says]) => html`
      <button type="button" key=${value} aria-pressed=${op === value ? "true" : "false"} onClick=${() => change({ op: value })}>${says}</button>
    `)}
  </div>
`;

const State = ({ value, isHeld }) => html`
  <div class="filter-state">
    <label class="field filter">
      <span>State</span>
      <select value=${value} onChange=${(event) => change({ state: event.target.value })}>
        <option value="">Any</option>
        ${GROUPS.map(([group, states]) => html`
          <optgroup key=${group} label=${group}>${states.map((state) => html`<option key=${state} value=${state}>${STATES[state]}</option>`)}</optgroup>
        `)}
      </select>
    </label>
    <label class="tick"><input type="checkbox" checked=${isHeld} onChange=${(event) => change({ held: event.target.checked ? "1" : "" })} />Only held</label>
  </div>
`;

const Wrong = ({ words, id }) => words && html`<p class="filter-wrong" id=${id} role="alert">${words}</p>`;
const wrongAt = (words, id) => ({ "aria-invalid": words ? "true" : null, "aria-describedby": words ? id : null });

const Dates = ({ after, before, zone, wrong }) => html`
  <fieldset class="filter filter-dates">
    <legend>Saved${zone && (after || before) && html`<span class="soft"> · days in UTC</span>`}</legend>
    <label class="field"><span>From</span><input type="date" value=${after} ...${wrongAt(wrong, "wrong-dates")} onChange=${(event) => change({ after: event.target.value })} /></label>
    <label class="field"><span>Until</span><input type="date" value=${before} min=${after || null} ...${wrongAt(wrong, "wrong-dates")} onChange=${(event) => change({ before: event.target.value })} /></label>
    <${Wrong} words=${wrong} id="wrong-dates" />
  </fieldset>
`;

const Length = ({ value, wrong }) => html`
  <label class="field filter">
    <span>Length</span>
    <select value=${value} ...${wrongAt(wrong, "wrong-length")} onChange=${(event) => change({ length: event.target.value })}>
      <option value="">Any</option>
      ${value && !(value in LENGTHS) && html`<option value=${value}>${value} seconds</option>`}
      ${Object.entries(LENGTHS).map(([length, says]) => html`<option key=${length} value=${length}>${says}</option>`)}
    </select>
    <${Wrong} words=${wrong} id="wrong-length" />
  </label>
`;
