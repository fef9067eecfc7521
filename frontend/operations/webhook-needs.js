// Webhooks among what needs a person: those that ended by themselves.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { Shape } from "../parts/state-mark.js";
import { call } from "../server/api.js";
import { isAdmin } from "../server/session.js";
import { count } from "../words/sizes.js";
import { sentence } from "../words/states.js";
import { Act, Found } from "./act.js";
import { hooks } from "./known.js";
import { isStuck, nameOf, pathOf } from "./webhook-names.js";

/** Empty for those who may not see webhooks. */
export const stuckHooks = () => (isAdmin.value && hooks.answer.value?.webhooks.filter(isStuck)) || [];

/** Pause it or let it go on; what came of that, in words. */
export async function turnOn(hook, enabled) {
  await call("PATCH", pathOf(hook.id), { body: { enabled } });
  await hooks.ask();
  return enabled ? `${nameOf(hook)} goes on.` : `${nameOf(hook)} is paused: it is told afterwards.`;
}

export function HookNeed({ hook }) {
  const found = useSignal(null);
  const name = nameOf(hook);
  return html`
    <li class="row need" data-need="webhook">
      <p class="state-mark tone-needs"><${Shape} shape="needs" />${" "}Needs you</p>
      <div class="need-what">
        <h3>Webhook <bdi>${name}</bdi> is told nothing more</h3>
        <p>${sentence(hook.reason)}${hook.waiting > 0 && ` ${count(hook.waiting, "message waits", "messages wait")} for it.`}</p>
        <${Found} found=${found} />
      </div>
      <div class="need-acts"><${Act} act=${() => turnOn(hook, true)} found=${found} icon="play" says="Resume" name=${`Resume the webhook ${name}`} /></div>
    </li>
  `;
}
