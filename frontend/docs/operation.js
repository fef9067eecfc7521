// One operation of the API: what it does, who may, what it takes and what it answers.
import { html } from "../html.js";
import { Fields, resolve, typeOf } from "./schema.js";

export function Operation({ method, path, operation, shared, root }) {
  const parameters = [...shared, ...(operation.parameters ?? [])].map((each) => resolve(each, root));
  return html`
    <details class="operation">
      <summary>
        <span class=${`method method-${method}`}>${method.toUpperCase()}</span>
        <code class="path">${path}</code>
        <span class="operation-name">${operation.summary}</span>
        <span class="operation-role soft">${role(operation)}</span>
      </summary>
      <div class="operation-body">
        ${operation.description && html`<p class="docs-words">${operation.description}</p>`}
        ${parameters.length > 0 && html`<h3>Parameters</h3><${Parameters} list=${parameters} root=${root} />`}
        ${operation.requestBody && html`<${Body} says="Body" content=${resolve(operation.requestBody, root).content} root=${root} />`}
        <h3>Answers</h3>
        <ul class="answers">
          ${Object.entries(operation.responses ?? {}).map(([status, answer]) => html`
            <${Answer} key=${status} status=${status} answer=${resolve(answer, root)} root=${root} />
          `)}
        </ul>
      </div>
    </details>
  `;
}

/** The role an operation needs, as the server states it; open where it asks for none. */
function role(operation) {
  const roles = operation["x-roles"];
  if (Array.isArray(roles)) return roles.length ? roles.join(", ") : "no sign-in";
  return operation.security?.length === 0 ? "no sign-in" : "";
}

const Parameters = ({ list, root }) => html`
  <ul class="fields">
    ${list.map((each) => html`
      <li key=${each.in + each.name}>
        <code>${each.name}</code>${" "}<span class="soft">${typeOf(each.schema, root)}, in the ${each.in}${each.required ? ", required" : ""}</span>
        ${each.description && html`<p>${each.description}</p>`}
      </li>
    `)}
  </ul>
`;

const Body = ({ says, content = {}, root }) => Object.entries(content).map(([kind, { schema }]) => html`
  <h3 key=${kind}>${says} <span class="soft">${kind}</span></h3>
  <${Fields} schema=${schema} root=${root} always="required" />
`);

const Answer = ({ status, answer, root }) => html`
  <li>
    <p><strong class="figures">${status}</strong>${" "}${answer.description}</p>
    ${Object.entries(answer.content ?? {}).map(([kind, { schema }]) => schema && html`<${Fields} key=${kind} schema=${schema} root=${root} />`)}
  </li>
`;
