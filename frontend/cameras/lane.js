// One camera: its name and figures, a tick, and its lane, which is a slider along time for the keyboard and the ear.
import { useRef } from "preact/hooks";
import { html } from "../html.js";
import { minute } from "../clock.js";
import { Ago } from "../parts/ago.js";
import { dateWords, exact, isAhead } from "../words/times.js";
import { activeCamera, cursor, hover, isTicked, mark, setTicked } from "./chosen.js";
import { columnsOf } from "./columns.js";
import { drawLane, inksOf } from "./draw.js";
import { focusLane, onLaneKey } from "./keys.js";
import { cameraIds, lanes, nameOf } from "./known.js";
import { Name } from "./name.js";
import { instantWords, summaryWords } from "./sums.js";
import { shareOf, span } from "./span.js";
import { useSurface } from "./surface.js";

export const LANE_PX = 40;
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const dayWords = (iso) => (new Date(iso).getFullYear() === new Date().getFullYear() ? DAY.format(new Date(iso)) : dateWords(iso));

export function Lane({ camera }) {
  const { camera_id: id, first_at: first, last_at: last } = camera;
  const name = nameOf(camera);
  return html`
    <li class="lane" data-camera=${id}>
      <div class="lane-head">
        <label class="lane-tick"><input type="checkbox" checked=${isTicked(id)} onChange=${(event) => setTicked(id, event.target.checked)} aria-label=${`Choose ${name}`} /></label>
        <div class="lane-words">
          <${Name} camera=${camera} />
          <p class="lane-facts soft figures">${last && html`<time dateTime=${first} title=${exact(first)}>${dayWords(first)}</time> – <${Ago} at=${last} />`}</p>
          ${isAhead(last, minute.value) && html`<p class="lane-ahead tone-needs">Its clock is ahead</p>`}
        </div>
      </div>
      <${Track} id=${id} name=${name} />
    </li>
  `;
}

/** Columns are counted once for each span, not for each movement of the pointer over them. */
function useColumns(id) {
  const last = useRef({});
  return (width) => {
    const [lane, shown, now] = [lanes.value.get(id), span.value, minute.value];
    if (!lane || !shown || !width) return null;
    const before = last.current;
    if (before.lane !== lane || before.shown !== shown || before.width !== width || before.now !== now) {
      last.current = { lane, shown, width, now, columns: columnsOf(lane, shown, width, now) };
    }
    return last.current.columns;
  };
}

function Track({ id, name }) {
  const canvas = useRef();
  const columnsFor = useColumns(id);
  useSurface(canvas, LANE_PX, (place, scale) => {
    const columns = columnsFor(place?.width ?? 0);
    const marks = {
      band: isTicked(id) ? mark.value : null,
      now: minute.value,
      hover: hover.value?.at,
      cursor: cursor.value?.camera === id ? cursor.value.at : undefined,
    };
    if (!place) return;
    if (!columns) return place.getContext("2d").clearRect(0, 0, place.width, place.height);
    drawLane(place, { columns, shown: span.peek(), marks, inks: inksOf(place.closest("[data-timeline]")), scale });
  }, [id]);
  return html`<${Slider} id=${id} name=${name}><canvas ref=${canvas} class="lane-canvas" aria-hidden="true" /><//>`;
}

const STEPS = 1000;

function Slider({ id, name, children }) {
  const at = cursor.value?.camera === id ? cursor.value.at : null;
  const active = activeCamera.value ?? cameraIds.value[0];
  const shown = span.peek();
  return html`
    <div class="lane-track" role="slider" data-track=${id} tabindex=${active === id ? 0 : -1} aria-label=${name} aria-describedby="lane-keys"
      aria-valuemin="0" aria-valuemax=${STEPS} aria-valuenow=${at === null || !shown ? 0 : Math.round(Math.min(1, Math.max(0, shareOf(shown, at))) * STEPS)}
      aria-valuetext=${at === null ? summaryWords(id) : instantWords(id, at)} onKeyDown=${onLaneKey} onFocus=${focusLane}>
      ${children}
    </div>
  `;
}
