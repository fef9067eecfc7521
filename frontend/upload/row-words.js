// Title, tags and description of one file: written at any time, before, while and after it is sent.
import { html } from "../html.js";
import { wordsWritten } from "./amend.js";

export function RowWords({ item, name }) {
  if (!item.isWorded.value) return html`<${Unheard} item=${item} />`;
  const written = (target) => (event) => {
    target.value = event.target.value;
    wordsWritten(item);
  };
  return html`
    <div class="queue-words">
      <label class="field"><span>Title</span>
        <input type="text" value=${item.title.value} maxlength="500" aria-label=${`Title of ${name}`} onInput=${written(item.title)} />
      </label>
      <label class="field"><span>Tags, with commas between</span>
        <input type="text" value=${item.tags.value} maxlength="2000" aria-label=${`Tags of ${name}, with commas between`}
          onInput=${written(item.tags)} />
      </label>
      <label class="field queue-description"><span>Description</span>
        <textarea rows="1" value=${item.description.value} maxlength="10000" aria-label=${`Description of ${name}`}
          onInput=${written(item.description)}></textarea>
      </label>
      <${Heard} item=${item} />
    </div>
  `;
}

/** Whether the server has the words: said once there are any. */
function Heard({ item }) {
  if (item.wordsProblem.value) return html`<${Refused} item=${item} />`;
  if (!item.url.value) return item.hasWords && html`<p class="queue-heard soft" data-words="along">These words go along when the upload begins.</p>`;
  if (!item.areWordsThere) return html`<p class="queue-heard soft" data-words="unsaved">These words are not saved yet.</p>`;
  return item.hasWords && html`<p class="queue-heard soft" data-words="saved">These words are saved.</p>`;
}

function Unheard({ item }) {
  if (item.wordsProblem.value) return html`<${Refused} item=${item} />`;
  return item.url.value && !item.areWordsThere && html`<p class="queue-heard soft" data-words="unsaved">Its words are not saved yet.</p>`;
}

const Refused = ({ item }) => html`<p class="queue-heard tone-failed" role="alert">Words not saved: ${item.wordsProblem.value}</p>`;
