// The two buttons that open the browser's own file dialogue.
import { useRef } from "preact/hooks";
import { html } from "../html.js";
import { takeFiles, takeFolder } from "./choose.js";

export function ChooseButtons() {
  const files = useRef();
  const folder = useRef();
  const taken = (take) => (event) => {
    take([...event.target.files]);
    // So that choosing the same file again is a change again.
    event.target.value = "";
  };
  return html`
    <div class="drop-buttons">
      <button type="button" class="button primary" data-choose onClick=${() => files.current.click()}>Choose files</button>
      <button type="button" class="button choose-folder" onClick=${() => folder.current.click()}>Choose folder</button>
      <input ref=${files} type="file" multiple hidden aria-label="Files to upload" onChange=${taken(takeFiles)} />
      <input ref=${folder} type="file" webkitdirectory hidden aria-label="Folder to upload" onChange=${taken(takeFolder)} />
    </div>
  `;
}
