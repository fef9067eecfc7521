// The box that picks a video. The cell around it handles the click, so that Shift picks a range.
import { html } from "../html.js";

export const Tick = ({ title, isPicked }) => html`
  <span class="pick"><input type="checkbox" data-tick="" checked=${isPicked} tabindex="-1" aria-label=${`Select ${title}`} /></span>
`;
