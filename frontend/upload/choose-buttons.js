// The buttons that open the browser's own file dialogue.
import { useRef } from "preact/hooks";
import { html } from "../html.js";
import { take, takeFolder } from "./choose.js";
import { hasPicker, pickFiles } from "./picks.js";

/** A button over a hidden file field. `onFiles` gets {file, handle} each; other properties are the button's. */
export function ChooseFile({ onFiles, multiple = false, says, fieldLabel, ...button }) {
  const field = useRef();
  const press = async () => {
    if (!hasPicker()) return field.current.click();
    let picks;
    try {
      picks = await pickFiles({ multiple });
    } catch {
      // In a frame of another site, for one, the dialogue is not allowed.
      return field.current.click();
    }
    if (picks.length) onFiles(picks);
  };
  const chosen = taken((files) => onFiles(files.map((file) => ({ file }))));
  return html`
    <button type="button" ...${button} onClick=${press}>${says}</button>
    <input ref=${field} type="file" multiple=${multiple} hidden aria-label=${fieldLabel} onChange=${chosen} />
  `;
}

const taken = (take) => (event) => {
  take([...event.target.files]);
  // So that choosing the same file again is a change again.
  event.target.value = "";
};

export function ChooseButtons() {
  const folder = useRef();
  return html`
    <div class="drop-buttons">
      <${ChooseFile} class="button primary" data-choose="" says="Choose files" fieldLabel="Files to upload" multiple onFiles=${take} />
      <button type="button" class="button choose-folder" onClick=${() => folder.current.click()}>Choose folder</button>
      <input ref=${folder} type="file" webkitdirectory hidden aria-label="Folder to upload" onChange=${taken(takeFolder)} />
    </div>
  `;
}
