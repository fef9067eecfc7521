// Each decision of the preview: which video, what would happen, by which rule and why; more on request.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { get } from "../server/api.js";
import { announce } from "../shell/announce.js";
import { shown } from "../words/names.js";
import { count, size } from "../words/sizes.js";
import { sentence } from "../words/states.js";
import { actionOf } from "./actions.js";
import { Way, videoAt } from "./links.js";

/** `told`: the first page; `address()`: where the next ones are asked for; `further`: signal of those that came. */
export function Decisions({ told, address, further }) {
  const busy = useSignal(false);
  const trouble = useSignal("");
  const { items: later, cursor } = further.value ?? { items: [], cursor: told.next_cursor };
  const items = [...told.decisions, ...later];
  const load = async () => {
    if (busy.peek()) return;
    busy.value = true;
    trouble.value = "";
    const asked = address();
    try {
      const page = await get(`${asked}&cursor=${encodeURIComponent(cursor)}`);
      // Meanwhile somebody looks at another time: these are no part of it.
      if (asked !== address()) return;
      further.value = { items: [...later, ...page.decisions], cursor: page.next_cursor };
      announce(`${count(page.decisions.length, "decision")} more.`, { isAnswer: true });
    } catch (problem) {
      trouble.value = problem.message;
    } finally {
      busy.value = false;
    }
  };
  if (!items.length) return html`<p class="no-decisions soft">No video is touched by a rule at that time.</p>`;
  return html`
    <ul class="decisions" role="list" aria-label="Decisions">
      ${items.map((decision) => html`<${Decision} key=${`${decision.video_id} ${decision.action} ${decision.rule}`} decision=${decision} />`)}
    </ul>
    ${(cursor || trouble.value) && html`
      <p class="decisions-more">
        <button type="button" class="button small" onClick=${load} aria-disabled=${busy.value ? "true" : null}>${busy.value ? "Loading…" : "Show more"}</button>
        ${trouble.value && html`<span class="tone-failed" role="alert">${trouble.value}</span>`}
      </p>
    `}
  `;
}

function Decision({ decision: { video_id: id, filename, project_id: project, size_bytes: bytes, action, rule, reason } }) {
  const { one, icon } = actionOf(action);
  return html`
    <li class="decision" data-action=${action}>
      <p class="decision-video"><${Way} to=${videoAt(id)}><bdi>${shown(filename)}</bdi><//><span class="soft"><bdi>${shown(project)}</bdi> · <span class="figures">${size(bytes)}</span></span></p>
      <p class="decision-act"><${Icon} name=${icon} />${one}</p>
      <p class="decision-why">${rule ? html`<strong><bdi>${shown(rule)}</bdi></strong>: ${sentence(reason)}` : capital(sentence(reason))}</p>
    </li>
  `;
}

const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);
