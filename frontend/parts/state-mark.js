// A state as shape, word and colour, always the three together.
import { html } from "../html.js";
import { speed } from "../words/sizes.js";
import { mark } from "../words/states.js";
import { duration, exact } from "../words/times.js";

const AROUND = 2 * Math.PI * 2.5;
const SHAPES = {
  waiting: () => html`<circle class="mark-line" cx="6" cy="6" r="4.25" />`,
  moving: (share) => html`
    <circle class="mark-line" cx="6" cy="6" r="5" />
    <circle class="mark-pie" cx="6" cy="6" r="2.5" transform="rotate(-90 6 6)"
      stroke-dasharray=${`${(Math.max(share, 4) / 100) * AROUND} ${AROUND}`} />`,
  verified: () => html`<circle class="mark-solid" cx="6" cy="6" r="5" />`,
  needs: () => html`<path class="mark-solid" d="M6 .8 11.6 11H.4Z" />`,
  failed: () => html`<path class="mark-cross" d="m2 2 8 8m0-8-8 8" />`,
  none: () => html`<path class="mark-line" d="M2 6h8" />`,
};

export const Shape = ({ shape, share = 0 }) => html`
  <svg class="mark-shape" viewBox="0 0 12 12" aria-hidden="true" focusable="false">${SHAPES[shape](share)}</svg>
`;

/** What the mark itself has no room for: how fast, or since when. */
function more({ state, phase, bytes_per_second: rate, seconds_left: left, verified_at: at }) {
  if (state === "delivered" && at) return `${phase ? "The VMS\u2019s sequences covered its time" : "Read back and found equal"}: ${exact(at)}`;
  if (state !== "in_progress" || !rate) return null;
  return left ? `${speed(rate)}, ${duration(left)} left` : speed(rate);
}

/** In the place of "Saved", once it is not true any more. */
export const OwnDamage = ({ words }) => html`<strong class="state-mark tone-needs"><${Shape} shape="needs" />${" "}${words}</strong>`;

/** One copy: its target, its state, and, where people can look at it there, the way to it. `of` names the video. */
export function StateMark({ delivery, label, of }) {
  const { shape, word, tone, percent } = mark(delivery);
  return html`
    <span class="state" data-target=${delivery.target} data-state=${delivery.state}>
      <span class="state-target">${label}</span>
      <span class=${`state-mark tone-${tone}`} title=${more(delivery)}><${Shape} shape=${shape} share=${percent} />${" "}${word}</span>
      ${delivery.link && html`
        <a class="state-link" href=${delivery.link} target="_blank" rel="noopener noreferrer"
          aria-label=${`Open in ${label}: ${of} (new tab)`}>Open in ${label}</a>
      `}
    </span>
  `;
}
