// A field for a day and a time, with a zone behind it where it matters; a button opens the browser's own calendar for it.
import { useRef } from "preact/hooks";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { EXAMPLE, readTime } from "./typed.js";
import { pickerText } from "./moments.js";

/** `commit` is called when the typing is done: by Enter, by leaving the field, or by a choice in the calendar. */
export function TimeField({ text, write, commit, calendar, ...names }) {
  const picker = useRef();
  const open = () => {
    const { at } = readTime(text);
    picker.current.value = pickerText(at ?? Date.now());
    picker.current.showPicker();
  };
  const choose = (event) => {
    write(event.target.value.replace("T", " "));
    commit?.();
  };
  return html`
    <div class="time-field">
      <input ...${names} type="text" autocomplete="off" spellcheck="false" placeholder=${EXAMPLE} value=${text}
        onInput=${(event) => write(event.target.value)} onChange=${commit} onKeyDown=${(event) => event.key === "Enter" && commit?.()} />
      <button type="button" class="button-icon small" aria-label=${calendar} title=${calendar} onClick=${open}><${Icon} name="clock" /></button>
      <input ref=${picker} type="datetime-local" step="1" class="time-picker" tabindex="-1" aria-hidden="true" aria-label="Calendar" onChange=${choose} />
    </div>
  `;
}
