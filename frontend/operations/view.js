// Operations: how safe everything is, what needs a person, targets, jobs, storage, what the rules would do, integrity, tokens,
// webhooks, the log.
import { html } from "../html.js";
import { Integrity } from "./integrity.js";
import { askAll, useWatch } from "./known.js";
import { Jobs } from "./jobs.js";
import { Log } from "./log.js";
import { Needs } from "./needs.js";
import { People } from "./people.js";
import { Retention } from "./retention.js";
import { Safety } from "./safety.js";
import { Storage } from "./storage.js";
import { Targets } from "./targets.js";
import { Webhooks } from "./webhooks.js";

export function OperationsView() {
  useWatch(askAll);
  return html`
    <div class="operations" data-operations>
      <header class="operations-head"><h1 tabindex="-1">Operations</h1></header>
      <${Safety} />
      <${Needs} />
      <${Targets} />
      <${Jobs} />
      <${Storage} />
      <${Retention} />
      <${Integrity} />
      <${People} />
      <${Webhooks} />
      <${Log} />
    </div>
  `;
}
