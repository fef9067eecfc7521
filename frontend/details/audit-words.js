// What a line of the audit holds, as names and values for people. Pure.
import { shown } from "../words/names.js";
import { shortDigest, size } from "../words/sizes.js";
import { exact } from "../words/times.js";

/** [{name, before?, after}], both lists of words; what is empty is left out, and so are ids of what people never see. */
export function changesOf(what) {
  return Object.entries(what ?? {}).flatMap(([field, value]) => {
    if (field.endsWith("_id")) return [];
    const name = nameOf(field);
    if (isChange(value)) return [{ name, before: listed(field, value.from), after: listed(field, value.to) }];
    const after = listed(field, value);
    return after.length ? [{ name, after }] : [];
  });
}

const listed = (field, value) => [value].flat().map((each) => textOf(field, each)).filter(Boolean);

const isChange = (value) => value !== null && typeof value === "object" && "from" in value && "to" in value;

const NAMES = { bytes: "Size", sha256: "SHA-256", door: "Came by" };

const nameOf = (field) => {
  if (field in NAMES) return NAMES[field];
  const words = field.replace(/_at$/, "").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

function textOf(field, value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "object") return shown(JSON.stringify(value));
  if (field === "sha256") return shortDigest(String(value));
  if (/_at$/.test(field)) return exact(value) || shown(String(value));
  return /bytes$/.test(field) && Number.isFinite(value) ? size(value) : shown(String(value));
}
