// Webhooks: the addresses that are told what happens here, whether they take it, and what was sent last. Admins only.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { Ago } from "../parts/ago.js";
import { Shape } from "../parts/state-mark.js";
import { post } from "../server/api.js";
import { isAdmin } from "../server/session.js";
import { shown } from "../words/names.js";
import { count } from "../words/sizes.js";
import { sentence } from "../words/states.js";
import { Act, Found } from "./act.js";
import { hooks, useWatch } from "./known.js";
import { AddDialog, DeleteDialog, SecretDialog } from "./webhook-dialogs.js";
import { Sent } from "./webhook-log.js";
import { turnOn } from "./webhook-needs.js";
import { isStuck, nameOf, pathOf } from "./webhook-names.js";

const FEW_EVENTS = 2;

export const Webhooks = () => isAdmin.value && html`<${Told} />`;

function Told() {
  const isAdding = useSignal(false);
  useWatch(() => !hooks.isUntold.peek() && hooks.ask());
  if (hooks.isUntold.value) return null;
  const told = hooks.answer.value;
  return html`
    <section class="part" aria-labelledby="webhooks-heading">
      <header class="part-head">
        <h2 id="webhooks-heading" tabindex="-1">Webhooks</h2><p class="soft">Programs elsewhere that are told what happens here</p>
        ${told && html`<button type="button" class="button small webhook-add" aria-haspopup="dialog" onClick=${() => (isAdding.value = true)}>Add webhook</button>`}
      </header>
      ${hooks.problem.value && html`<p class="tone-failed" role="alert">This could not be looked up. ${hooks.problem.value}</p>`}
      ${told && (told.webhooks.length
        ? html`<ul class="panel rows" role="list">${told.webhooks.map((hook) => html`<${Row} key=${hook.id} hook=${hook} />`)}</ul>`
        : html`<p class="panel nothing soft">Nobody is told. A webhook sends a signed message to an address for each new video, each verified copy, and whatever else happens.</p>`)}
      ${isAdding.value && html`<${AddDialog} names=${told?.event_names ?? []} reload=${hooks.ask} onClose=${() => (isAdding.value = false)} />`}
    </section>
  `;
}

function markOf(hook) {
  if (hook.state === "active") return { shape: "verified", word: "Active", tone: "verified" };
  if (isStuck(hook)) return { shape: "needs", word: "Needs you", tone: "needs" };
  return { shape: "waiting", word: hook.state === "failing" ? "Trying again" : "Paused", tone: "waiting" };
}

function Row({ hook }) {
  const found = useSignal(null);
  const isOpen = useSignal(false);
  const asked = useSignal("");
  const { shape, word, tone } = markOf(hook);
  const name = nameOf(hook);
  return html`
    <li class="row place" data-webhook=${hook.id} data-state=${hook.state}>
      <div class="place-name"><h3><bdi>${name}</bdi></h3><p class="soft webhook-url"><bdi>${hook.url}</bdi></p></div>
      <p class=${`state-mark tone-${tone}`}><${Shape} shape=${shape} />${" "}${word}</p>
      <dl class="place-facts">
        <div><dt>Is told</dt><dd>${toldOf(hook)}</dd></div>
        <div><dt>Waiting</dt><dd>${hook.waiting ? count(hook.waiting, "message") : "nothing"}${hook.failed > 0 && html`<span class="tone-failed"> · ${hook.failed} failed</span>`}</dd></div>
        <div><dt>Last success</dt><dd>${hook.last_success_at ? html`<${Ago} at=${hook.last_success_at} />` : "none yet"}</dd></div>
        <div><dt>Last error</dt><dd>${hook.last_error_at ? html`<${Ago} at=${hook.last_error_at} />` : "none"}</dd></div>
      </dl>
      <div class="place-acts"><${Acts} hook=${hook} name=${name} found=${found} /></div>
      ${hook.reason ? html`<p class=${`why note tone-${tone}`}>${sentence(hook.reason)}</p>` : hook.last_error && html`<p class="why soft">Last error: ${sentence(hook.last_error)}</p>`}
      <${Found} found=${found} />
      <p class="webhook-more">
        <button type="button" class="more" aria-expanded=${isOpen.value ? "true" : "false"} onClick=${() => (isOpen.value = !isOpen.peek())}>${isOpen.value ? "Hide what was sent" : "Show what was sent"}<span class="visually-hidden"> to ${name}</span></button>
        <button type="button" class="more" aria-haspopup="dialog" onClick=${() => (asked.value = "secret")}>New secret<span class="visually-hidden"> for ${name}</span></button>
        <button type="button" class="more" aria-haspopup="dialog" onClick=${() => (asked.value = "delete")}>Delete<span class="visually-hidden"> ${name}</span></button>
      </p>
      ${isOpen.value && html`<${Sent} hook=${hook} name=${name} />`}
      ${asked.value === "secret" && html`<${SecretDialog} hook=${hook} name=${name} onClose=${() => (asked.value = "")} />`}
      ${asked.value === "delete" && html`<${DeleteDialog} hook=${hook} name=${name} reload=${hooks.ask} onClose=${() => (asked.value = "")} />`}
    </li>
  `;
}

function toldOf({ events, project_id: project }) {
  const what = events.length === 0 ? "everything" : events.length > FEW_EVENTS ? count(events.length, "kind of event", "kinds of events") : events.join(", ");
  return html`<span title=${events.join(", ") || null}>${what}</span>${project && html` of <bdi>${shown(project)}</bdi>`}`;
}

function Acts({ hook, name, found }) {
  const test = async () => {
    const { delivery } = await post(`${pathOf(hook.id)}/test`);
    hooks.ask();
    if (delivery.error) throw new Error(`${name} did not take it. ${sentence(delivery.error)}`);
    return `${name} took it: ${delivery.status_code}, in ${delivery.answered_seconds.toFixed(2)} s.`;
  };
  return html`
    <${Act} act=${test} found=${found} says="Test" busySays="Testing…" name=${`Test ${name}`} />
    <${Act} act=${() => turnOn(hook, !hook.enabled)} found=${found} icon=${hook.enabled ? "pause" : "play"} says=${hook.enabled ? "Pause" : "Resume"} name=${`${hook.enabled ? "Pause" : "Resume"} ${name}`} />
  `;
}
