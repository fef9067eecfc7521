// What each key does, and the switch for those that are single letters or signs.
import { html } from "../html.js";
import { Dialog } from "../parts/dialog.js";
import { setSingleKeys, singleKeys } from "../parts/single-keys.js";
import { keysShown } from "./keys.js";

const ON_LANE = [
  [["←", "→"], "Move along time"],
  [["Shift + ←→"], "Mark while moving"],
  [["↑", "↓"], "Another camera"],
  [["Page ↑", "Page ↓"], "Earlier or later"],
  [["Home"], "First recording known"],
  [["End"], "Last recording known"],
  [["Enter"], "Open the video at this second"],
  [["Esc"], "Close the picture, then forget the mark"],
];
const SINGLE = [
  [["+", "−"], "Zoom in or out"],
  [["A"], "Show all recordings"],
  [["N"], "Show now"],
  [["[", "]"], "Mark from here, until here"],
  [[",", "."], "To where recording begins or ends"],
  [["X"], "Choose the camera, or not"],
  [["M"], "Dragging marks, or moves"],
  [["E"], "Export what is marked"],
  [["?"], "Show these keys"],
];

export function KeysDialog() {
  if (!keysShown.value) return null;
  return html`
    <${Dialog} title="Keys" kind="dialog-keys" onClose=${() => (keysShown.value = false)}>
      <h3>On a camera's lane</h3>
      <${Keys} keys=${ON_LANE} />
      <h3>Single keys</h3>
      <${Keys} keys=${SINGLE} isOff=${!singleKeys.value} />
      <label class="tick">
        <input type="checkbox" checked=${singleKeys.value} onChange=${(event) => setSingleKeys(event.target.checked)} />
        Use single keys. Turn them off if you speak to your computer or press keys by accident.
      </label>
      <h3>With the pointer</h3>
      <p class="soft">The wheel zooms at the pointer, with Shift it moves. Dragging the axis moves. Dragging a lane marks; with Shift it moves. Two fingers zoom.</p>
    <//>
  `;
}

const Keys = ({ keys, isOff = false }) => html`
  <dl class=${`keys ${isOff ? "keys-off" : ""}`}>
    ${keys.map(([pressed, does]) => html`
      <div key=${pressed.join()}><dt>${pressed.map((key) => html`<kbd key=${key}>${key}</kbd>`)}</dt><dd>${does}</dd></div>
    `)}
  </dl>
`;
