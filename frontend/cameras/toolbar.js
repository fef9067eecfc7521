// What is shown, in words, and the ways to other times: zoom, all, now, a day and time of one's own.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { announce } from "../shell/announce.js";
import { activeCamera, cursor, dragging } from "./chosen.js";
import { keysShown, showNow, zoomIn, zoomOut } from "./keys.js";
import { cameraIds, everything, showAll } from "./known.js";
import { lengthWords, stretchWords, utcWords } from "./moments.js";
import { moveBy, movedTo, setSpan, span, widthOf } from "./span.js";
import { TimeField } from "./time-field.js";
import { readTime } from "./typed.js";
import { ZONE } from "./zone.js";

const TURN = 0.5;
const DRAGS = [["mark", "Mark"], ["move", "Move"]];

export const Toolbar = () => html`
  <div class="camera-tools" role="group" aria-label="What is shown">
    <div class="tool-group">
      <${Tool} icon="back" says="Earlier" act=${() => moveBy(-TURN)} />
      <${Tool} icon="on" says="Later" act=${() => moveBy(TURN)} />
      <${Tool} icon="minus" says="Zoom out" act=${zoomOut} />
      <${Tool} icon="plus" says="Zoom in" act=${zoomIn} />
      <button type="button" class="button small" onClick=${showAll}>All</button>
      <button type="button" class="button small" onClick=${showNow}>Now</button>
    </div>
    <${GoTo} />
    <div class="tool-group tool-drag">
      <span class="soft" id="drag-label">Dragging</span>
      <div class="segments" role="group" aria-labelledby="drag-label">
        ${DRAGS.map(([value, says]) => html`<button type="button" key=${value} aria-pressed=${dragging.value === value ? "true" : "false"} onClick=${() => (dragging.value = value)}>${says}</button>`)}
      </div>
      <${Tool} icon="keys" says="Show the keys" act=${() => (keysShown.value = true)} />
    </div>
  </div>
`;

const Tool = ({ icon, says, act }) => html`
  <button type="button" class="button-icon tool" aria-label=${says} title=${says} onClick=${act}><${Icon} name=${icon} /></button>
`;

function GoTo() {
  const typed = useSignal("");
  const [problem, said] = [useSignal(""), useSignal("")];
  const jump = (event) => {
    event.preventDefault();
    const found = readTime(typed.peek(), "from", cursor.peek()?.at ?? span.peek()?.to);
    const { at } = found;
    said.value = found.said ?? "";
    problem.value = at !== undefined && span.peek() ? "" : (found.fault ?? "Type a day and a time.");
    if (problem.peek()) return;
    if (said.peek()) announce(said.peek(), { isAnswer: true });
    setSpan(movedTo(span.peek(), at));
    cursor.value = { camera: activeCamera.peek() ?? cameraIds.peek()[0], at };
  };
  return html`
    <form class="field go-to" noValidate onSubmit=${jump}>
      <${TimeField} aria-label="Go to a day and time" text=${typed.value} write=${(text) => (typed.value = text)} calendar="Choose by a calendar"
        aria-invalid=${problem.value ? "true" : null} aria-describedby="go-to-words" />
      <button type="submit" class="button small">Go</button>
      <div id="go-to-words">
        ${problem.value && html`<p class="field-wrong" role="alert">${problem.value}</p>`}
        ${said.value && html`<p class="soft">${said.value}</p>`}
      </div>
    </form>
  `;
}

export function Shown() {
  if (!span.value) return null;
  const { from, to } = span.value;
  const seconds = [Math.round(from / 1000) * 1000, Math.round(to / 1000) * 1000];
  return html`
    <p class="camera-shown figures" data-shown title=${`${utcWords(seconds[0])} – ${utcWords(seconds[1])}`}>
      <strong>${stretchWords(...seconds)}</strong>
      <span class="soft">${" "}${lengthWords(Math.round(widthOf({ from: seconds[0], to: seconds[1] })))} · ${ZONE}</span>
      ${isBeyond(from, to) && html`<button type="button" class="more" onClick=${showAll}>Nothing is recorded here. Show all</button>`}
    </p>
  `;
}

function isBeyond(from, to) {
  const all = everything();
  return Boolean(all) && (to <= all.from || from >= all.to);
}
