// The picture at the pointer or the cursor: what the camera saw at that instant, when exactly, and the way to the video.
import { effect } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { tileAt } from "../player/storyboard.js";
import { hasPicture, pictureOf } from "../player/source.js";
import { announce } from "../shell/announce.js";
import { follow as goTo } from "../shell/route.js";
import { follow } from "../videos/poll.js";
import { record } from "../videos/records.js";
import { cursor, hover, pointed } from "./chosen.js";
import { nameById, trackWidth } from "./known.js";
import { look, moment, videoAddress } from "./moment.js";
import { isoOf, lengthWords, localWords, utcWords } from "./moments.js";
import { ends, shareOf, span } from "./span.js";
import { stateAt } from "./sums.js";
import { needsZone } from "./zone.js";

const WIDTH_PX = 240;
const SAY_MS = 600;
const BESIDE_PX = 8;

export function Glimpse() {
  const card = useRef();
  useEffect(() => effect(() => look(pointed.value)), []);
  useEffect(() => () => look(null), []);
  useSpoken();
  usePlace(card);
  const found = moment.value;
  if (!found || !pointed.value) return null;
  const isKept = !hover.value;
  return html`
    <div ref=${card} class=${`glimpse ${isKept ? "glimpse-kept" : ""}`} role="group" aria-label="Picture at the cursor" data-glimpse=${found.state}>
      <${Picture} found=${found} />
      <div class="glimpse-words">
        <p class="glimpse-name"><bdi>${nameById(found.camera)}</bdi></p>
        <p class="figures"><time dateTime=${isoOf(found.at)}>${localWords(Math.round(found.at), needsZone(found.at, ...ends(span.value)))}</time></p>
        <p class="soft figures">${utcWords(found.at)}</p>
        ${found.state === "gap" && html`<p>${gapWords(found)}</p>`}
        ${found.state === "failed" && html`<p class="tone-failed">${found.words}</p>`}
        ${found.state === "recorded" && isKept && html`
          <a class="glimpse-open" href=${videoAddress(found)} onClick=${(event) => goTo(event, videoAddress(found))}>Open the video at this second</a>
        `}
      </div>
      ${isKept && html`<button type="button" class="button-icon small glimpse-close" aria-label="Close the picture" onClick=${close}><${Icon} name="close" /></button>`}
    </div>
  `;
}

function close(event) {
  const lane = cursor.peek() && event.currentTarget.closest("[data-timeline]").querySelector(`[data-track="${CSS.escape(cursor.peek().camera)}"]`);
  cursor.value = null;
  lane?.focus({ preventScroll: true });
}

function gapWords({ camera, at }) {
  const { from, to } = stateAt(camera, at);
  return from !== undefined && to !== undefined ? `Nothing recorded for ${lengthWords(to - from)}` : "Nothing recorded";
}

const WORDS = { looking: "Looking…", gap: "No picture", failed: "Could not be looked up", unknown: "Looking…" };

function Picture({ found }) {
  const frame = useRef();
  const id = found.segment && (found.segment.video_id ?? found.segment.id);
  const video = id ? record(id).value : null;
  // Of what was recorded just now the picture is still to come.
  useEffect(() => (id ? follow(id) : undefined), [id]);
  const tile = video && tileAt(video, found.seconds);
  useLayoutEffect(() => drawTile(frame.current, tile), [tile?.url, tile?.x, tile?.y]);
  const still = !tile && video && hasPicture(video) ? pictureOf(video) : "";
  return html`
    <div ref=${frame} class=${`glimpse-picture ${found.state === "gap" ? "glimpse-gap" : ""}`} aria-hidden="true">
      <span class="glimpse-tile" data-tile />
      ${still && html`<img src=${still} alt="" />`}
      ${!tile && !still && html`<span class="glimpse-none">${found.state === "recorded" ? noPicture(video) : WORDS[found.state]}</span>`}
    </div>
  `;
}

function noPicture(video) {
  if (!video) return "Looking…";
  return video.status === "processing" ? "Its picture is being made" : "No picture was made of it";
}

function drawTile(frame, tile) {
  const layer = frame.querySelector("[data-tile]");
  layer.hidden = !tile;
  if (!tile) return;
  const scale = Math.min(frame.clientWidth / tile.w, frame.clientHeight / tile.h);
  const px = (number) => `${number * scale}px`;
  Object.assign(layer.style, {
    width: px(tile.w),
    height: px(tile.h),
    backgroundImage: `url("${tile.url}")`,
    backgroundSize: `${px(tile.sheetWidth)} ${px(tile.sheetHeight)}`,
    backgroundPosition: `${px(-tile.x)} ${px(-tile.y)}`,
  });
}

/** Below the lane, at its instant, and never over the edge. */
function usePlace(card) {
  const at = pointed.value;
  const shown = span.value;
  const width = trackWidth.value;
  useLayoutEffect(() => {
    const place = card.current;
    const timeline = place?.closest("[data-timeline]");
    const track = at && timeline?.querySelector(`[data-track="${CSS.escape(at.camera)}"]`);
    if (!track || !shown) return;
    const [outer, lane] = [timeline.getBoundingClientRect(), track.getBoundingClientRect()];
    const x = lane.left - outer.left + Math.min(1, Math.max(0, shareOf(shown, at.at))) * width - WIDTH_PX / 2;
    const left = Math.min(outer.width - WIDTH_PX - BESIDE_PX, Math.max(BESIDE_PX, x));
    const fitsBelow = lane.bottom + place.offsetHeight + 2 * BESIDE_PX < innerHeight;
    const top = fitsBelow || lane.top < place.offsetHeight + 2 * BESIDE_PX ? lane.bottom - outer.top + BESIDE_PX / 2 : lane.top - outer.top - place.offsetHeight - BESIDE_PX / 2;
    place.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  });
}

/** What the lane's own words could not say when the cursor came: they were still asked for. */
function useSpoken() {
  const found = moment.value;
  useEffect(() => {
    if (hover.peek() || !found || found.state !== "failed") return undefined;
    const timer = setTimeout(() => announce(`${nameById(found.camera)}: ${found.words}`), SAY_MS);
    return () => clearTimeout(timer);
  }, [found?.state, found?.camera, found?.at]);
}
