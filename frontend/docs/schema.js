// JSON Schema in words: the type of a value, and the fields of an object with theirs.
import { html } from "../html.js";

const DEEPEST = 4;

/** Follow `$ref`s within the document; what cannot be found stays as it is. */
export function resolve(node, root) {
  let found = node;
  for (let step = 0; found?.$ref && step < DEEPEST; step += 1) {
    const path = found.$ref.replace(/^#\//, "").split("/").map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"));
    found = path.reduce((at, part) => at?.[part], root);
  }
  return found ?? node ?? {};
}

export function typeOf(schema, root) {
  const node = resolve(schema, root);
  const choices = node.anyOf ?? node.oneOf;
  if (choices) return [...new Set(choices.map((each) => typeOf(each, root)))].join(" or ");
  if (node.enum) return node.enum.map((each) => JSON.stringify(each)).join(" or ");
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.type === "array") return `list of ${typeOf(node.items ?? {}, root)}`;
  const type = Array.isArray(node.type) ? node.type.join(" or ") : (node.type ?? "any");
  return node.format ? `${type} (${node.format})` : type;
}

export function Fields({ schema, root, always = "always", depth = 0 }) {
  const node = inner(schema, root);
  const names = Object.entries(node.properties ?? {});
  if (!names.length) return depth ? null : html`<p class="soft">${typeOf(schema, root)}</p>`;
  return html`
    <ul class="fields">
      ${names.map(([name, field]) => html`
        <li key=${name}>
          <code>${name}</code>${" "}<span class="soft">${typeOf(field, root)}${node.required?.includes(name) ? `, ${always}` : ""}</span>
          ${resolve(field, root).description && html`<p>${resolve(field, root).description}</p>`}
          ${depth < DEEPEST && html`<${Fields} schema=${field} root=${root} always=${always} depth=${depth + 1} />`}
        </li>
      `)}
    </ul>
  `;
}

/** The object whose fields are worth listing: through lists and "or null". */
function inner(schema, root) {
  const node = resolve(schema, root);
  if (node.type === "array") return inner(node.items ?? {}, root);
  const choices = node.anyOf ?? node.oneOf;
  return choices ? (choices.map((each) => inner(each, root)).find((each) => each.properties) ?? node) : node;
}
