// Parts of a whole as one bar, each named below it with its figure; the bar itself is decoration.
import { useLayoutEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { Shape } from "../parts/state-mark.js";
import { Way } from "./links.js";

/** `shares`: [{name, value, tone, shape?, says?, to?}]; `whole`: what they are parts of; `says` in place of the number. */
export const ShareBar = ({ shares, whole }) => html`
  <div class="share">
    <div class="share-bar" aria-hidden="true">
      ${shares.map(({ name, value, tone }) => html`<${Piece} key=${name} tone=${tone} share=${value / whole} />`)}
    </div>
    <ul class="share-names" role="list">
      ${shares.map(({ name, value, tone, shape, says, to }) => html`
        <li key=${name}>
          ${shape ? html`<span class=${`tone-${tone}`}><${Shape} shape=${shape} share=${50} /></span>` : html`<span class=${`share-dot share-${tone}`} />`}
          <${Way} to=${to}>${name}<//> <strong class="figures">${says ?? value.toLocaleString("en-GB")}</strong>
        </li>
      `)}
    </ul>
  </div>
`;

/** The width is set by script: the page's policy allows no style in markup. */
export function Piece({ tone, share }) {
  const piece = useRef();
  useLayoutEffect(() => piece.current.style.setProperty("--share", Math.max(0, Math.min(1, share || 0))), [share]);
  return html`<span ref=${piece} class=${`share-piece share-${tone}`} />`;
}
