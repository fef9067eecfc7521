// The copies of a video in one line: targets in the same state stand together, and what needs somebody comes first.
import { html } from "../html.js";
import { OwnDamage, Shape } from "../parts/state-mark.js";
import { targetLabel } from "../server/session.js";
import { Leaves } from "../trash/leaves.js";
import { mark, ownDamage } from "../words/states.js";
import { statusMark } from "./states.js";

/** What is wrong with the server's own copy, in as few words as fit. */
const HURT = { damaged: "Damaged here", missing: "Missing here" };
const ORDER = ["failed", "needs", "moving", "waiting", "verified"];

/** [{shape, word, tone, percent, targets}], the most urgent first. A copy that was removed by us is nothing to tell here. */
export function groupsOf(video) {
  const groups = new Map();
  for (const delivery of video.deliveries) {
    if (delivery.phase !== "ended" && ["deleted", "skipped"].includes(delivery.state)) continue;
    const found = mark(delivery);
    if (!groups.has(found.word)) groups.set(found.word, { ...found, targets: [] });
    groups.get(found.word).targets.push(delivery.target);
  }
  return [...groups.values()].sort((one, two) => ORDER.indexOf(one.tone) - ORDER.indexOf(two.tone));
}

/** `withStatus`: also what keeps the video from being played, where the picture does not tell it. */
export function Copies({ video, withStatus = true }) {
  if (video.status === "trashed") return html`<span class="copyline figures tone-waiting"><${Leaves} video=${video} /></span>`;
  const damage = ownDamage(video);
  const own = withStatus && statusMark(video);
  return html`
    <span class="copyline figures">
      ${damage && html`<span class="copyline-one" title=${damage}><${OwnDamage} words=${HURT[video.local]} /></span>`}
      ${own && html`<span class=${`copyline-one state-mark tone-${own.tone}`} title=${own.title || null} data-status=${video.status}><${Shape} shape=${own.shape} share=${30} />${" "}${own.word}</span>`}
      ${groupsOf(video).map((group) => html`<${Group} key=${group.word} group=${group} />`)}
    </span>
  `;
}

function Group({ group: { shape, word, tone, percent, targets } }) {
  const names = targets.map(targetLabel).join(", ");
  return html`
    <span class="copyline-one" title=${`${word}: ${names}`} data-copies=${word}>
      <span class=${`state-mark tone-${tone}`}><${Shape} shape=${shape} share=${percent} />${" "}${word}</span>${" "}
      <span class="copyline-names">${names}</span>
    </span>
  `;
}
