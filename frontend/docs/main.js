// The page of the HTTP API: reads /openapi.json and lays it out by subject.
import { signal } from "@preact/signals";
import { html, render } from "../html.js";
import { get } from "../server/api.js";
import { Operation } from "./operation.js";

const description = signal(null);
const problem = signal(null);
const METHODS = ["get", "post", "put", "patch", "delete", "head", "options"];

get("/openapi.json", { quiet401: true })
  .then((answer) => (description.value = answer))
  .catch((error) => (problem.value = error));

function Page() {
  if (problem.value) return html`<${Trouble} problem=${problem.value} />`;
  if (!description.value) return null;
  const { info, openapi } = description.value;
  const groups = bySubject(description.value);
  return html`
    <div class="docs">
      <nav class="docs-nav" aria-label="Subjects">
        <p><a href="/">Back to Holdfast</a></p>
        <ul>${groups.map(([tag]) => html`<li key=${tag}><a href=${`#${anchor(tag)}`}>${tag}</a></li>`)}</ul>
        <p><a href="/openapi.json">openapi.json</a></p>
      </nav>
      <main class="docs-main">
        <header>
          <h1>${info.title} <span class="soft">${info.version}</span></h1>
          ${info.description && html`<p class="docs-words">${info.description}</p>`}
          <p class="soft">OpenAPI ${openapi}. A program sends “Authorization: Bearer hf_…”.</p>
        </header>
        ${groups.map(([tag, operations]) => html`<${Subject} key=${tag} tag=${tag} operations=${operations} />`)}
      </main>
    </div>
  `;
}

const Subject = ({ tag, operations }) => html`
  <section aria-labelledby=${anchor(tag)}>
    <h2 id=${anchor(tag)}>${tag}</h2>
    ${operations.map((each) => html`<${Operation} key=${each.method + each.path} ...${each} root=${description.value} />`)}
  </section>
`;

const Trouble = ({ problem }) => html`
  <main class="docs-main">
    <h1>API</h1>
    <p>${problem.status === 401 ? "The description is shown to those who are signed in." : problem.message}</p>
    <p><a href="/">${problem.status === 401 ? "Sign in" : "Back to Holdfast"}</a></p>
  </main>
`;

/** [[tag, [{method, path, operation, shared}]]] in the order of the description. */
function bySubject({ paths, tags = [] }) {
  const groups = new Map(tags.map(({ name }) => [name, []]));
  for (const [path, item] of Object.entries(paths)) {
    for (const method of METHODS.filter((each) => item[each])) {
      const tag = item[method].tags?.[0] ?? "Other";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push({ method, path, operation: item[method], shared: item.parameters ?? [] });
    }
  }
  return [...groups].filter(([, operations]) => operations.length);
}

const anchor = (tag) => `subject-${tag.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;

render(html`<${Page} />`, document.getElementById("page"));
