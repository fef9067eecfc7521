// The queue below the drop field, the line that sums it up, and what can be done with all of it.
import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { announce } from "../shell/announce.js";
import { shown } from "../words/names.js";
import { count, speed } from "../words/sizes.js";
import { duration } from "../words/times.js";
import { BulkButtons } from "./bulk-buttons.js";
import { undo, undoable } from "./cancel.js";
import { WhyAgain } from "./needs-file.js";
import { items } from "./queue.js";
import { QueueRow } from "./queue-row.js";
import { shareSent } from "./sent-share.js";
import { keeps } from "./store.js";

const TELL_PROGRESS_MS = 30_000;

export function QueuePanel() {
  useEffect(() => {
    const timer = setInterval(tellProgress, TELL_PROGRESS_MS);
    return () => clearInterval(timer);
  }, []);
  if (!items.value.length) return html`<${Undo} />`;
  return html`
    <${WhyAgain} />
    <ul class="queue" role="list" aria-label="Files being sent">
      ${items.value.map((item) => html`<${QueueRow} key=${item.id} item=${item} />`)}
    </ul>
    <${Undo} />
    <${Summary} />
  `;
}

const Undo = () => undoable.value && html`
  <div class="queue-sum queue-undo">
    <p><bdi>“${shown(undoable.value.name)}”</bdi> was cancelled.</p>
    <button type="button" class="button small" onClick=${undo}>Undo</button>
  </div>
`;

const Summary = () => html`
  <div class="queue-sum">
    <p class="soft figures">${sum().join(" · ")}</p>
    <${BulkButtons} />
    ${!keeps.value && html`<p class="queue-lost soft">This browser keeps no list here: after a reload, choose the files again.</p>`}
  </div>
`;

const withState = (...states) => items.value.filter((item) => states.includes(item.state.value));
const total = (list, figure) => list.reduce((before, item) => before + figure(item), 0);

function sum() {
  const words = [count(items.value.length, "file")];
  const moving = withState("sending");
  if (moving.length) words.push(`${moving.length} moving`);
  for (const [state, says] of Object.entries(SAYS)) {
    const many = withState(...state.split(" ")).length;
    if (many) words.push(`${many} ${says}`);
  }
  const rate = total(moving, (item) => (item.stalledSeconds ? 0 : (item.bytesPerSecond.value ?? 0)));
  const left = total(withState("sending", "queued"), (item) => item.size - item.bytes.value);
  if (rate > 0) words.push(speed(rate), `${duration(Math.max(1, left / rate))} left`);
  return words;
}

const SAYS = {
  "queued waiting": "waiting",
  paused: "paused",
  needs: "to choose again",
  elsewhere: "in another tab",
  saved: "saved",
  "failed refused": "not saved",
};

/** For those who hear the page: long uploads tell now and then how far they are. */
function tellProgress() {
  const moving = withState("sending").length;
  if (moving) announce(`${count(moving, "file")} moving, ${shareSent.peek()} % sent.`);
}
