// What stands in the panel while its video is on the way.
import { html } from "../html.js";

export const Skeleton = () => html`
  <div class="details-body" aria-hidden="true" data-skeleton>
    <div class="bone bone-player" />
    ${[60, 45, 70, 52, 30].map((width) => html`<div key=${width} class=${`bone bone-${width}`} />`)}
  </div>
`;
