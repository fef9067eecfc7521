// A text about the video, changed in place: saved on leaving it, Esc brings back what was.
import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { SavedNote } from "./saved-note.js";
import { editOf } from "./saving.js";

export function TextField({ video, field, label, isLong = false, longest, placeholder = "" }) {
  const edit = editOf(video.id, field);
  const value = edit.text.value ?? video[field] ?? "";
  useEffect(() => () => void (edit.state.peek() !== "refused" && edit.save()), [edit]);
  const attributes = {
    class: `in-place in-place-${field}`,
    value,
    placeholder,
    maxLength: longest,
    "aria-describedby": `saved-${field}`,
    onInput: (event) => edit.write(event.target.value),
    onBlur: () => edit.save(),
    onKeyDown: (event) => fieldKeys(event, edit, isLong),
  };
  return html`
    <div class="edit" data-field=${field}>
      <label class="field"><span>${label}</span>
        ${isLong ? html`<textarea rows="2" dir="auto" aria-keyshortcuts="Control+Enter" ...${attributes} />` : html`<input type="text" dir="auto" ...${attributes} />`}
      </label>
      <div id=${`saved-${field}`}>
        ${edit.text.value?.length >= longest && html`
          <p class="saved-note tone-needs" role="status" data-full>${label}: at most ${longest} letters. What goes beyond is cut off.</p>`}
        <${SavedNote} edit=${edit} />
      </div>
    </div>
  `;
}

function fieldKeys(event, edit, isLong) {
  if (event.isComposing) return;
  if (event.key === "Enter" && (!isLong || event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    edit.save();
  }
  if (event.key === "Escape" && edit.text.peek() !== null) {
    // The panel closes with the next one.
    event.preventDefault();
    event.stopPropagation();
    edit.restore();
  }
}
