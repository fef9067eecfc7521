// What a row offers when the browser let go of its file: one press where it kept a handle, else the file dialogue.
import { html } from "../html.js";
import { announce } from "../shell/announce.js";
import { shown } from "../words/names.js";
import { percent, size } from "../words/sizes.js";
import { another, chooseAgain, whyAgain } from "../words/uploads.js";
import { give, make } from "./adding.js";
import { ChooseFile } from "./choose-buttons.js";
import { items } from "./queue.js";
import { reopen } from "./reopen.js";
import { isSame } from "./same.js";
import { words } from "./settings.js";

/** Said once, above all rows that wait for their file. */
export function WhyAgain() {
  const many = items.value.filter((item) => item.state.value === "needs" && !item.handle.value).length;
  return many > 0 && html`<p class="queue-why tone-needs">${whyAgain(many)}</p>`;
}

/** The button of a row that waits for its file. */
export function NeedsFile({ item, name }) {
  const offer = async ([pick]) => {
    if (await isSame(item, pick.file)) give(item, pick);
    else item.stranger.value = pick;
  };
  const goOn = async () => {
    const file = await reopen(item, { mayAsk: true });
    if (file) return give(item, { file, handle: item.handle.peek() });
    // Not allowed, or not there any more: then the file dialogue is the way.
    item.handle.value = null;
    announce(`${name}: ${chooseAgain(percent(item.bytes.peek(), item.size))}`);
  };
  if (item.handle.value) {
    return html`<button type="button" class="button small primary" onClick=${goOn} aria-label=${`Go on with ${name}`}>Go on</button>`;
  }
  return html`
    <${ChooseFile} class="button small" says="Choose again" onFiles=${offer}
      aria-label=${`Choose ${name} again`} fieldLabel=${`The file ${name} again`} />
  `;
}

/** Another file was chosen for a row: it is told, and only a person's word makes it an upload of its own. */
export function Stranger({ item }) {
  const { file } = item.stranger.value;
  const sendAsNew = () => {
    make([item.stranger.peek()], words());
    item.stranger.value = null;
  };
  return html`
    <div class="queue-stranger" role="alert">
      <p class="tone-failed">${another(file.name, item.name, size(item.size), size(file.size))}${" "}</p>
      <button type="button" class="button small" onClick=${sendAsNew}>Upload “${shown(file.name)}” as a new file</button>
    </div>
  `;
}
