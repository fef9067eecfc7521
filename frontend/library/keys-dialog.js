// What each key does, and the switch for those that are single letters or signs.
import { html } from "../html.js";
import { setSingleKeys, singleKeys } from "../parts/single-keys.js";
import { KEYS as PLAYER } from "../player/keys.js";
import { Dialog } from "../parts/dialog.js";
import { keysShown } from "./keys.js";

const mac = /Mac|iPhone|iPad/.test(navigator.platform);
const COMMAND = mac ? "⌘" : "Ctrl";
const SINGLE = [
  [["/"], "Search"],
  [["X"], "Select, or not"],
  [[","], "Back through the pictures of a video"],
  [["."], "On through the pictures of a video"],
  [["?"], "Show these keys"],
];
const ALWAYS = [
  [["←", "↑", "→", "↓"], "Move"],
  [["Home"], "First video"],
  [["End"], "Last video"],
  [["Page ↑", "Page ↓"], "A page back or on"],
  [["Enter"], "Open"],
  [["Space"], "Open and play"],
  [[`${COMMAND} + Space`], "Select, or not"],
  [["Shift + ←↑→↓"], "Select while moving"],
  [[`${COMMAND} + A`], "Select all that are loaded"],
  [["Esc"], "Close, or select nothing"],
  [[`${COMMAND} + Z`], "Undo, while its note is there"],
];

export function KeysDialog() {
  if (!keysShown.value) return null;
  return html`
    <${Dialog} title="Keys" kind="dialog-keys" onClose=${() => (keysShown.value = false)}>
      <${Keys} keys=${ALWAYS} />
      <h3>In the open video</h3>
      <${Keys} keys=${PLAYER} />
      <h3>Single keys</h3>
      <${Keys} keys=${SINGLE} isOff=${!singleKeys.value} />
      <label class="tick">
        <input type="checkbox" checked=${singleKeys.value} onChange=${(event) => setSingleKeys(event.target.checked)} />
        Use single keys. Turn them off if you speak to your computer or press keys by accident.
      </label>
    <//>
  `;
}

const Keys = ({ keys, isOff = false }) => html`
  <dl class=${`keys ${isOff ? "keys-off" : ""}`}>
    ${keys.map(([pressed, does]) => html`
      <div key=${pressed.join()}>
        <dt>${pressed.map((key) => html`<kbd key=${key}>${key}</kbd>`)}</dt>
        <dd>${does}</dd>
      </div>
    `)}
  </dl>
`;
