// Which other videos look alike: how much of each shows the same. Found by their pictures, so never called equal.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { hasPicture, pictureOf } from "../player/source.js";
import { LIBRARY, follow } from "../shell/route.js";
import { titleOf } from "../videos/records.js";
import { clockTime } from "../words/lengths.js";
import { TOLD, useAlike } from "./known.js";

const FEW = 6;
const NEW_MS = 3600_000;

/** In the details: all of them, with the seconds. Nothing where nothing looks alike. */
export function Alike({ id }) {
  const found = useAlike(id);
  const isAll = useSignal(false);
  if (!found.length) return null;
  return html`
    <section class="details-section alike" aria-labelledby="alike-heading">
      <h3 id="alike-heading" tabindex="-1">Looks alike</h3>
      <p class="soft details-small">By its pictures. It may be another video all the same.</p>
      <ul class="alike-list" role="list">
        ${(isAll.value ? found : found.slice(0, FEW)).map((each) => html`<${Other} key=${each.video.id} alike=${each} isLong=${true} />`)}
      </ul>
      ${found.length > FEW && html`
        <button type="button" class="more" aria-expanded=${isAll.value ? "true" : "false"} onClick=${() => (isAll.value = !isAll.peek())}>
          ${isAll.value ? "Show fewer" : `Show all ${found.length}`}
        </button>
      `}
      ${isAll.value && found.length >= TOLD && html`<p class="soft details-small">There may be more.</p>`}
    </section>
  `;
}

/** Beside an upload: the one that is most alike. Asked of what was saved within the last hour only. */
export function AlikeNote({ video }) {
  const found = useAlike(video.id, Date.now() - Date.parse(video.created_at) < NEW_MS && video.status !== "trashed");
  if (!found.length) return null;
  const rest = found.length - 1;
  const details = addressOf(video.id);
  return html`
    <div class="alike alike-note">
      <ul class="alike-list" role="list"><${Other} alike=${found[0]} /></ul>
      ${rest > 0 && html`<a href=${details} onClick=${(event) => follow(event, details)}>${found.length >= TOLD ? "and many more" : more(rest)}</a>`}
    </div>
  `;
}

function Other({ alike: { video, share_of_this: here, share_of_other: there, ranges }, isLong = false }) {
  const address = addressOf(video.id);
  const shown = { id: video.id, media: { thumbnail: video.thumbnail } };
  return html`
    <li class="alike-row" data-alike=${video.id}>
      <a class="alike-link" href=${address} onClick=${(event) => follow(event, address)}>
        <span class="alike-picture">${hasPicture(shown) && html`<img src=${pictureOf(shown)} alt="" loading="lazy" decoding="async" />`}</span>
        <span class="alike-words">
          <span>${!isLong && "Looks alike: "}<bdi>${titleOf(video)}</bdi>,</span>${" "}
          <span class="soft figures">${share(here)} of this, ${share(there)} of that</span>
        </span>
      </a>
      ${isLong && html`<p class="alike-ranges soft figures">${where(ranges)}</p>`}
    </li>
  `;
}

/** "0:00–0:10 is 1:20–1:30 there", the first few. */
function where(ranges) {
  const some = ranges.slice(0, 3).map((range) => `${span(range.this)} here is ${span(range.other)} there`);
  return `${some.join("; ")}${ranges.length > 3 ? `; ${more(ranges.length - 3)}` : ""}`;
}

const addressOf = (id) => `${LIBRARY}?video=${encodeURIComponent(id)}`;
const span = ([begin, end]) => `${clockTime(begin)}–${clockTime(end)}`;
const more = (number) => `and ${number.toLocaleString("en-GB")} more`;
// A whole is said of nothing less.
const share = (part) => (part > 0 && part < 0.01 ? "less than 1\u00a0%" : `${Math.floor(part * 100 + 1e-6)}\u00a0%`);
