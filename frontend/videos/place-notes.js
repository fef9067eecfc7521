// Targets that take nothing at the moment: why, how much waits, and what an operator can do about it.
import { useSignal } from "@preact/signals";
import { now } from "../clock.js";
import { html } from "../html.js";
import { Shape } from "../parts/state-mark.js";
import { mayOperate } from "../server/session.js";
import { needsPerson, trouble } from "../words/states.js";
import { askPlace, places } from "./places.js";

export function PlaceNotes() {
  const down = [...places.value.values()].filter((place) => place.enabled && place.state !== "up");
  if (!down.length) return null;
  return html`
    <ul class="notes place-notes" role="list" aria-label="Targets that take nothing now">
      ${down.map((place) => html`<${PlaceNote} key=${place.name} place=${place} />`)}
    </ul>
  `;
}

function PlaceNote({ place }) {
  const tone = needsPerson(place) ? "needs" : "waiting";
  return html`
    <li class=${`note tone-${tone}`} data-place=${place.name}>
      <p><${Shape} shape=${tone} />${" "}${trouble(place, now.value)}</p>
      ${mayOperate.value && html`<${Ask} place=${place} />`}
    </li>
  `;
}

function Ask({ place }) {
  const busy = useSignal(false);
  const found = useSignal("");
  const [act, says] = place.state === "paused" ? ["resume", "Resume"] : ["check", "Check now"];
  const press = async () => {
    busy.value = true;
    found.value = "";
    try {
      found.value = await askPlace(place.name, act);
    } catch (problem) {
      found.value = problem.message;
    }
    busy.value = false;
  };
  return html`
    <button type="button" class="button small" onClick=${press} disabled=${busy.value} aria-label=${`${says}: ${place.label}`}>
      ${busy.value ? "Asking…" : says}
    </button>
    ${found.value && html`<p class="note-found" role="status">${found.value}</p>`}
  `;
}
