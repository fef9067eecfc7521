// Who has a token: role, projects, last use. Admins only; a secret is never told, only its hash is kept.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { Ago } from "../parts/ago.js";
import { Shape } from "../parts/state-mark.js";
import { isAdmin } from "../server/session.js";
import { listOf, shown } from "../words/names.js";
import { count } from "../words/sizes.js";
import { tokens, useWatch } from "./known.js";

const REST_MS = 60_000;
const MAY = {
  viewer: "look and download",
  uploader: "look, download and upload",
  service: "the same, as a program",
  operator: "also delete, hold, retry and pause",
  admin: "everything",
};

export const People = () => isAdmin.value && html`<${Told} />`;

function Told() {
  const isAll = useSignal(false);
  useWatch(() => !tokens.isUntold.peek() && tokens.ask(), REST_MS);
  if (tokens.isUntold.value) return null;
  const told = tokens.answer.value?.tokens ?? [];
  const living = told.filter((token) => !token.revoked_at);
  const ended = told.filter((token) => token.revoked_at);
  return html`
    <section class="part" aria-labelledby="people-heading">
      <header class="part-head"><h2 id="people-heading">Tokens and people</h2><p class="soft">Who may sign in</p></header>
      ${tokens.problem.value && html`<p class="tone-failed" role="alert">This could not be looked up. ${tokens.problem.value}</p>`}
      ${told.length > 0 && html`
        <ul class="panel rows" role="list">${[...living, ...(isAll.value ? ended : [])].map((token) => html`<${Row} key=${token.id} token=${token} />`)}</ul>
      `}
      ${ended.length > 0 && html`
        <button type="button" class="more" aria-expanded=${isAll.value ? "true" : "false"} onClick=${() => (isAll.value = !isAll.peek())}>
          ${isAll.value ? "Hide those that were revoked" : `Show ${count(ended.length, "token that was revoked", "tokens that were revoked")}`}
        </button>
      `}
      ${tokens.answer.value && html`
        <p class="soft people-how">The next person: <code>scripts/video_manager token create --name Ana --role uploader</code> prints a sign-in link; <code>token revoke Ana</code> ends it.</p>
      `}
    </section>
  `;
}

function Row({ token: { name, role, projects, created_at: made, last_used_at: used, revoked_at: ended } }) {
  return html`
    <li class="row place" data-token=${name}>
      <div class="place-name"><h3><bdi>${shown(name)}</bdi></h3></div>
      ${ended ? html`<p class="state-mark tone-waiting"><${Shape} shape="none" />${" "}Revoked</p>` : html`<p class="token-role">${role}</p>`}
      <dl class="place-facts">
        <div><dt>${ended ? "Was" : "May"}</dt><dd>${ended ? role : (MAY[role] ?? role)}</dd></div>
        <div><dt>Projects</dt><dd><bdi>${projects.length ? listOf(projects.map(shown), "and") : "all"}</bdi></dd></div>
        <div><dt>Last used</dt><dd>${used ? html`<${Ago} at=${used} />` : "never"}</dd></div>
        <div><dt>${ended ? "Revoked" : "Made"}</dt><dd><${Ago} at=${ended ?? made} /></dd></div>
      </dl>
    </li>
  `;
}
