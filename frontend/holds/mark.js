// The small mark of a video that is held: on its card, its row and above its details.
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { heldWords, isHeld } from "./words.js";

export const HeldMark = ({ video }) =>
  isHeld(video) && html`<span class="held-mark" title=${heldWords(video)} data-held=""><${Icon} name="hold" />Held</span>`;
