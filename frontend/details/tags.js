// The video's tags as chips: what the server has, a field for the next, and a cross on each. Keyboard throughout.
import { useRef } from "preact/hooks";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { facets } from "../videos/facets.js";
import { shown } from "../words/names.js";
import { SavedNote } from "./saved-note.js";
import { editOf } from "./saving.js";

export function Tags({ video }) {
  const edit = editOf(video.id, "tags");
  const root = useRef();
  const tags = edit.all(video.tags);
  const remove = async (tag, at) => {
    const isTaken = await edit.remove(tag);
    if (isTaken) requestAnimationFrame(() => focusChip(root.current, at));
  };
  return html`
    <div class="edit" data-field="tags" ref=${root}>
      <div class="field" role="group" aria-labelledby="tags-label">
        <span id="tags-label">Tags</span>
        <div class="tag-box" onClick=${(event) => event.target === event.currentTarget && field(root.current).focus()}>
          <ul class="chips" role="list">
            ${tags.map((tag, at) => html`
              <${Chip} key=${tag} tag=${tag} change=${edit.changes.value.get(tag)} remove=${() => remove(tag, at)}
                stay=${() => edit.add([tag])} move=${(step) => focusChip(root.current, at + step)} />
            `)}
          </ul>
          <${Next} tags=${tags} edit=${edit} back=${() => focusChip(root.current, tags.length - 1)} />
        </div>
      </div>
      <div id="saved-tags"><${SavedNote} edit=${edit} /></div>
    </div>
  `;
}

const field = (root) => root?.querySelector(".tag-next");

/** The chip at this place, or the field behind the last one. */
function focusChip(root, at) {
  const crosses = root?.querySelectorAll(".chip button") ?? [];
  (crosses[Math.max(0, at)] ?? field(root))?.focus();
}

/** `change`: true while it is to come, false while it is to go, undefined when the server has it and it stays. */
function Chip({ tag, change, remove, stay, move }) {
  const goes = change === false;
  const press = goes ? stay : remove;
  const keys = (event) => {
    if (["Delete", "Backspace"].includes(event.key)) press();
    else if (event.key === "ArrowLeft") move(-1);
    else if (event.key === "ArrowRight") move(1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`
    <li class=${`chip ${goes ? "chip-going" : change ? "chip-coming" : ""}`} data-change=${WORDS[change]}>
      <bdi>${shown(tag)}</bdi>
      ${change !== undefined && html`<span class="chip-change">${WORDS[change]}</span>`}
      <button type="button" class="button-icon small" onClick=${press} onKeyDown=${keys} aria-label=${`${goes ? "Keep" : "Remove"} the tag ${shown(tag)}`}>
        <${Icon} name=${goes ? "undo" : "close"} />
      </button>
    </li>
  `;
}

const WORDS = { true: "not saved yet", false: "not removed yet" };

function Next({ tags, edit, back }) {
  const text = edit.text.value ?? "";
  const keys = (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" || event.key === ",") edit.addWritten();
    else if (event.key === "Escape" && text) edit.write(null);
    else if (["Backspace", "ArrowLeft"].includes(event.key) && !text && tags.length) back();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`
    <input type="text" class="tag-next" dir="auto" value=${text} maxlength="200" placeholder=${tags.length ? "Add another" : "Add a tag"}
      aria-label="Add a tag" aria-describedby="saved-tags" autocomplete="off" list="known-tags"
      onInput=${(event) => edit.write(event.target.value)} onKeyDown=${keys} onBlur=${() => edit.text.peek() !== null && edit.addWritten()} />
    <datalist id="known-tags">
      ${facets.value.tags.filter(({ value }) => !tags.includes(value)).map(({ value }) => html`<option key=${value} value=${value} />`)}
    </datalist>
  `;
}
