// The timeline: the axis on top, a lane for each camera, and the picture at the pointer.
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { minute } from "../clock.js";
import { pointed } from "./chosen.js";
import { drawAxis, inksOf } from "./draw.js";
import { listenForGestures } from "./gestures.js";
import { Glimpse } from "./glimpse.js";
import { cameraList } from "./known.js";
import { Lane } from "./lane.js";
import { span } from "./span.js";
import { useSurface, useTrackWidth } from "./surface.js";
import { axisOf } from "./ticks.js";

const AXIS_PX = 44;
/** Room that the words of a tick need. */
const TICK_ROOM_PX = 76;
const INKS = ["recorded", "both", "gap", "hatch", "mark", "now", "hover", "cursor", "grid", "words", "soft"];

export function Timeline() {
  const root = useRef();
  useEffect(() => listenForGestures(root.current), []);
  return html`
    <div class="panel timeline" ref=${root} data-timeline>
      ${INKS.map((ink) => html`<i key=${ink} class=${`ink-${ink}`} aria-hidden="true" />`)}
      <div class="axis-row"><p class="axis-head soft" aria-hidden="true">Cameras</p><${Axis} /></div>
      <ul class="lanes" role="list" aria-label="Cameras">
        ${cameraList.value.map((camera) => html`<${Lane} key=${camera.camera_id} camera=${camera} />`)}
      </ul>
      <p id="lane-keys" class="visually-hidden">Arrow left and right move along time, up and down to another camera. Plus and minus zoom. Enter opens the video. Question mark lists all keys.</p>
      <${Legend} />
      <${Glimpse} />
    </div>
  `;
}

function Axis() {
  const [place, canvas] = [useRef(), useRef()];
  useTrackWidth(place);
  useSurface(canvas, AXIS_PX, (drawn, scale) => {
    const [shown, now, at] = [span.value, minute.value, pointed.value?.at];
    if (!drawn || !shown) return;
    const timeline = drawn.closest("[data-timeline]");
    const style = getComputedStyle(timeline);
    const font = `${parseFloat(style.fontSize) * scale}px ${style.fontFamily}`;
    const axis = axisOf(shown, drawn.width / scale / TICK_ROOM_PX);
    drawAxis(drawn, { axis, shown, inks: inksOf(timeline), scale, font, now, pointed: at });
  });
  return html`<div ref=${place} class="axis" data-axis title="Drag to move through time"><canvas ref=${canvas} class="axis-canvas" aria-hidden="true" /></div>`;
}

const Legend = () => html`
  <p class="legend soft" aria-hidden="true">
    <span><i class="legend-recorded" />Recorded</span>
    <span><i class="legend-gap" />Nothing recorded</span>
    <span><i class="legend-both" />Both, too fine to draw: zoom in</span>
  </p>
`;
