// When something ends: a few usual lengths, a date of one's own, or never. Each says which day that is.
import { html } from "../html.js";
import { dayEnd, dayOf, longDay } from "../words/days.js";

const HOUR_MS = 3_600_000;

/** What `choices` is made of: {value, name} and one of `hours`, `months` (to the end of that day), `isDate`, `isNever`.
 * `withinDays`: how far on a date of one's own may be. */
export const A_DATE = { value: "date", name: "Until a date", isDate: true };

function instant(choice, date, now) {
  if (choice.isDate) return dayEnd(date);
  return choice.hours ? new Date(now.getTime() + choice.hours * HOUR_MS) : dayEnd(dayOf(now, choice));
}

/** The end that is chosen, as an ISO instant; null for never; undefined while no date is given. */
export function endOf(choices, chosen, date, now = new Date()) {
  const choice = choices.find(({ value }) => value === chosen);
  return choice.isNever ? null : instant(choice, date, now)?.toISOString();
}

/** What is wrong with the date of one's own, or "". */
export function faultOf(choices, chosen, date, now = new Date()) {
  const { isDate, withinDays } = choices.find(({ value }) => value === chosen);
  if (!isDate) return "";
  if (!dayEnd(date)) return "Choose the day.";
  if (withinDays && date > dayOf(now, { days: withinDays })) return `Choose a day until ${longDay(dayEnd(dayOf(now, { days: withinDays })))}.`;
  return date <= dayOf(now, {}) ? "Choose a day after today." : "";
}

/** `chosen`, `date` and `trouble` are signals. */
export function EndField({ legend, name, choices, chosen, date, trouble }) {
  const set = (field) => (event) => {
    field.value = event.target.value;
    trouble.value = "";
  };
  return html`
    <fieldset class="end-field">
      <legend>${legend}</legend>
      ${choices.map((choice) => html`
        <label key=${choice.value} class="tick end-choice">
          <input type="radio" name=${name} value=${choice.value} checked=${chosen.value === choice.value} onChange=${set(chosen)} />
          <span>${choice.name}${saysOf(choice) && html`<span class="soft figures"> · ${saysOf(choice)}</span>`}</span>
        </label>
        ${choice.isDate && chosen.value === choice.value && html`
          <div class="field end-date">
            <input type="date" aria-label="Last day" min=${dayOf(new Date(), { days: 1 })} max=${latest(choice)} value=${date.value} onInput=${set(date)}
              aria-invalid=${trouble.value ? "true" : null} aria-describedby=${trouble.value ? `${name}-trouble` : null} />
          </div>
        `}
      `)}
      ${trouble.value && html`<p class="field-wrong" id=${`${name}-trouble`} role="alert">${trouble.value}</p>`}
    </fieldset>
  `;
}

const latest = ({ withinDays }) => (withinDays ? dayOf(new Date(), { days: withinDays }) : null);

function saysOf(choice) {
  if (choice.isDate) return "";
  return choice.says ?? `until ${longDay(instant(choice, "", new Date()))}`;
}
