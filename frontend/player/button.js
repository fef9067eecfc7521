// A button of the player: a drawing, a name that is also its tooltip, and the key that does the same.
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";

export function PlayerButton({ icon, name, keys, press, pressed, className = "", ...rest }) {
  return html`
    <button type="button" class=${`button-icon player-button ${className}`} onClick=${press} aria-label=${name} aria-keyshortcuts=${keys}
      aria-pressed=${pressed} title=${keys ? `${name} (${keys})` : name} ...${rest}>
      <${Icon} name=${icon} />
    </button>
  `;
}
