// Every copy of the video: where, in which state, since when, and what is to be said of it.
import { minute, now } from "../clock.js";
import { html } from "../html.js";
import { Ago } from "../parts/ago.js";
import { StateMark } from "../parts/state-mark.js";
import { targetLabel, targets } from "../server/session.js";
import { DeliveryNote, isNoted } from "../videos/notes.js";
import { titleOf } from "../videos/records.js";
import { noRecording } from "../words/footage.js";
import { count } from "../words/sizes.js";
import { exact, until } from "../words/times.js";

export const Copies = ({ video }) => html`
  <section class="details-section">
    <h3>Copies</h3>
    ${video.deliveries.length
      ? html`<ul class="copies" role="list">${video.deliveries.map((delivery) => html`<${Copy} key=${delivery.target} video=${video} delivery=${delivery} />`)}</ul>`
      : html`<p class="soft details-small">${targets.value.length ? "None: no target gets it by itself. It is kept on this server only." : "No target is set up: it is kept on this server only."}</p>`}
    ${lacking(video) && html`<p class="soft details-small" data-no-recording>${lacking(video)}</p>`}
  </section>
`;

const lacking = (video) => noRecording(video, targets.value);

function Copy({ video, delivery }) {
  const title = titleOf(video);
  return html`
    <li class="copy" data-copy=${delivery.target}>
      <${StateMark} delivery=${delivery} label=${targetLabel(delivery.target)} of=${title} />
      <${Attempts} delivery=${delivery} isNoted=${isNoted(delivery)} />
      <${DeliveryNote} video=${video} title=${title} delivery=${delivery} />
    </li>
  `;
}

/** When it was last tried, how often, and when it is tried again; a note says the latter two itself. */
function Attempts({ delivery, isNoted }) {
  const { state, phase, attempts, updated_at: at, verified_at: verifiedAt, next_attempt_at: next, expires_at: ends } = delivery;
  if (state === "delivered") {
    return html`<p class="copy-when soft">${verifiedAt ? html`${phase ? "its time seen in the VMS" : "read back"} <${Ago} at=${verifiedAt} />` : ""}${delivery.footage?.locked && " · locked as evidence"}${ends && html` · <${End} at=${ends} />`}</p>`;
  }
  if (phase === "ended") return html`<p class="copy-when soft">kept in the VMS until <${Ago} at=${delivery.footage?.ended_at ?? at} /></p>`;
  if (!attempts) return html`<p class="copy-when soft">not tried yet</p>`;
  return html`
    <p class="copy-when soft">
      ${state === "in_progress" ? count(attempts, "attempt") : html`last tried <${Ago} at=${at} />${!isNoted && ` · ${count(attempts, "attempt")}`}`}
      ${next && !isNoted && html`${" · "}<time dateTime=${next} title=${exact(next)}>next ${until(next, countsDown(next) ? now.value : minute.value)}</time>`}
    </p>
  `;
}

/** Of a copy that is there for a while only. */
const End = ({ at }) => html`<time dateTime=${at} title=${exact(at)}>${Date.parse(at) > minute.value ? `goes ${until(at, minute.value)}` : "gone, its time is over"}</time>`;

const countsDown = (next) => Date.parse(next) - Date.now() < 120_000;
