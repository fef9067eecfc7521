// Speaks what changed to those who do not see it.
import { html } from "../html.js";
import { spoken } from "./announce.js";

export const LiveRegion = () => html`
  <div class="visually-hidden" role="status" aria-live="polite" data-live-region>${spoken.value}</div>
`;
