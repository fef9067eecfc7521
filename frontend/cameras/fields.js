// Fields of the export's dialogue: choices that say what each means, and what is wrong beside the field that it is about.
import { html } from "../html.js";

export const Fault = ({ of, name }) => html`<span class="faults" id=${`fault-${name}`}>${of.value[name] && html`<span class="field-wrong" role="alert" data-fault=${name}>${of.value[name]}</span>`}</span>`;

/** `choices`: [[value, name, what it means]]. */
export const Choices = ({ legend, name, choices, chosen, change, faults, isFixed = false }) => html`
  <fieldset class="end-field" aria-describedby=${`fault-${name}`}>
    <legend>${legend}</legend>
    ${choices.map(([value, says, means]) => html`
      <label key=${value} class="tick choice">
        <input type="radio" name=${`export-${name}`} value=${value} aria-labelledby=${`${name}-${value}`} aria-describedby=${`${name}-${value}-means`} checked=${chosen === value} disabled=${isFixed && chosen !== value} onChange=${() => change(value)} />
        <span><span class="choice-name" id=${`${name}-${value}`}>${says}</span>${" "}<span class="soft" id=${`${name}-${value}-means`}>${means}</span></span>
      </label>
    `)}
    <${Fault} of=${faults} name=${name} />
  </fieldset>
`;

export const Tick = ({ name, says, more, checked, isOff, change, faults }) => html`
  <div>
    <label class="tick choice">
      <input type="checkbox" checked=${checked} disabled=${isOff} onChange=${(event) => change(event.target.checked)} aria-labelledby=${`${name}-says`} aria-describedby=${`${name}-more fault-${name}`} />
      <span><span class="choice-name" id=${`${name}-says`}>${says}</span>${" "}<span class="soft" id=${`${name}-more`}>${more}</span></span>
    </label>
    <${Fault} of=${faults} name=${name} />
  </div>
`;
