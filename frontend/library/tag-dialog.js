// Tags for many videos at once: what is added to all, what is taken off those that have it.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { mayOperate, session } from "../server/session.js";
import { facets, tagsIn } from "../videos/facets.js";
import { record } from "../videos/records.js";
import { shown } from "../words/names.js";
import { count } from "../words/sizes.js";
import { tag } from "./acts.js";
import { Dialog } from "../parts/dialog.js";

export function TagDialog({ ids, onClose }) {
  const adding = useSignal("");
  const off = useSignal([]);
  const there = tagsOf(ids);
  const submit = (event) => {
    event.preventDefault();
    const add = tagsIn(adding.peek()).filter((name) => !off.peek().includes(name));
    onClose();
    if (add.length || off.peek().length) tag(ids, add, off.peek());
  };
  const flip = (name) => (off.value = off.peek().includes(name) ? off.peek().filter((each) => each !== name) : [...off.peek(), name]);
  return html`
    <${Dialog} title=${`Tags of ${count(ids.length, "video")}`} onClose=${onClose}>
      <form class="tag-form" onSubmit=${submit}>
        <${Foreign} ids=${ids} />
        <label class="field">
          <span>Add to all of them, separated by commas</span>
          <input autofocus list="known-tags" maxlength="500" autocomplete="off" value=${adding.value} onInput=${(event) => (adding.value = event.target.value)} />
          <datalist id="known-tags">${facets.value.tags.slice(0, 50).map(({ value }) => html`<option key=${value} value=${value} />`)}</datalist>
        </label>
        ${there.length > 0 && html`
          <fieldset class="filter">
            <legend>Take off</legend>
            <ul class="tag-list" role="list">
              ${there.map(([name, many]) => html`
                <li key=${name}>
                  <button type="button" class="filter-chip" aria-pressed=${off.value.includes(name) ? "true" : "false"} onClick=${() => flip(name)}>
                    <bdi>${shown(name)}</bdi><span class="figures soft">${many}</span>${off.value.includes(name) && html`<${Icon} name="close" />`}
                  </button>
                </li>
              `)}
            </ul>
          </fieldset>
        `}
        <p class="dialog-foot">
          <button type="button" class="button" onClick=${onClose}>Cancel</button>
          <button type="submit" class="button primary">Save tags</button>
        </p>
      </form>
    <//>
  `;
}

/** [tag, how many of these have it], the most used first. */
function tagsOf(ids) {
  const counts = new Map();
  for (const id of ids) for (const name of record(id).value?.tags ?? []) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, one], [, two]) => two - one);
}

/** Told beforehand, not only when the server refuses. */
function Foreign({ ids }) {
  if (mayOperate.value) return null;
  const me = session.value.user.name;
  const others = ids.filter((id) => record(id).value?.uploaded_by !== me).length;
  if (!others) return null;
  return html`<p class="soft">${others === ids.length ? "None of these was sent by you" : `${others} of these ${others === 1 ? "was" : "were"} not sent by you`}: only an operator may change ${others === 1 ? "it" : "them"}.</p>`;
}
