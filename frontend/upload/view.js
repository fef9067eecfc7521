// The upload view: the place to drop, what is sent along, and the queue.
import { html } from "../html.js";
import { limits, mayUpload } from "../server/session.js";
import { size } from "../words/sizes.js";
import { ChooseButtons } from "./choose-buttons.js";
import { QueuePanel } from "./queue-panel.js";
import { items } from "./queue.js";
import { SendAlong } from "./send-along.js";

export function UploadView() {
  if (!mayUpload.value) return html`<${LookOnly} />`;
  const started = items.value.length > 0;
  return html`
    <section aria-labelledby="upload-heading">
      <h1 id="upload-heading" tabindex="-1">Upload</h1>
      <div class=${`panel drop ${started ? "drop-small" : ""}`}>
        <div class="drop-field">
          <p class="drop-words">Drop video anywhere, paste, or</p>
          <${ChooseButtons} />
          ${!started && html`<p class="drop-limits soft">${limitWords(limits.value)}</p>`}
        </div>
        <${SendAlong} />
        <${QueuePanel} />
      </div>
    </section>
  `;
}

function limitWords({ extensions, max_bytes: most }) {
  const kinds = extensions.length ? extensions.join(", ") : "Any kind of file";
  return Number.isFinite(most) ? `${kinds} · up to ${size(most, { plain: true })} each` : kinds;
}

const LookOnly = () => html`
  <section aria-labelledby="upload-heading">
    <h1 id="upload-heading" tabindex="-1">Videos of the team</h1>
    <p class="soft">Your token lets you look and download. To send video, ask an admin for an uploader's token.</p>
  </section>
`;
