// What is to be said of a video's copies beyond their marks: the error, what comes next, and Retry.
import { useSignal } from "@preact/signals";
import { now } from "../clock.js";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { announce } from "../shell/announce.js";
import { mayOperate, targetLabel } from "../server/session.js";
import { canRetry, explain, mark } from "../words/states.js";
import { places } from "./places.js";
import { retryDelivery } from "./poll.js";

/** Whether the note of the target, above the list, says the same. */
function isTold({ target, error }) {
  const place = places.value.get(target);
  return Boolean(place?.enabled && place.state !== "up" && place.reason && place.reason === error);
}

export function DeliveryNotes({ video, title }) {
  const told = video.deliveries.filter(isNoted);
  if (!told.length) return null;
  return html`
    <ul class="notes" role="list">
      ${told.map((delivery) => html`<li key=${delivery.target}><${DeliveryNote} video=${video} title=${title} delivery=${delivery} /></li>`)}
    </ul>
  `;
}

export const isNoted = (delivery) => Boolean(explain(delivery, "", 0));

/** What is to be said of one copy, if anything is. */
export function DeliveryNote({ video, title, delivery }) {
  if (!isNoted(delivery)) return null;
  return html`<${Note} video=${video} title=${title} delivery=${delivery} />`;
}

function Note({ video, title, delivery }) {
  const label = targetLabel(delivery.target);
  // Only a pending delivery counts down; the others need no tick.
  const words = explain(delivery, label, delivery.state === "pending" ? now.value : 0, isTold(delivery));
  return html`
    <div class=${`note tone-${mark(delivery).tone}`}>
      <p>${words}</p>
      ${canRetry(delivery) && mayOperate.value && html`<${Retry} video=${video} title=${title} delivery=${delivery} label=${label} />`}
    </div>
  `;
}

function Retry({ video, title, delivery, label }) {
  const busy = useSignal(false);
  const trouble = useSignal("");
  const press = async (event) => {
    const home = event.currentTarget.closest("[data-video]");
    busy.value = true;
    trouble.value = "";
    try {
      await retryDelivery(video.id, delivery.target);
      announce(`${title}: tried again on ${label}.`);
      // The button goes with its note; the focus stays with the video.
      home?.querySelector(".video-title")?.focus();
    } catch (problem) {
      trouble.value = problem.message;
    }
    busy.value = false;
  };
  return html`
    <button type="button" class="button small" onClick=${press} disabled=${busy.value} aria-label=${`Retry ${title} on ${label}`}>
      <${Icon} name="retry" />Retry
    </button>
    ${trouble.value && html`<p role="alert">${trouble.value}</p>`}
  `;
}
