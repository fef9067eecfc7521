// What is looked for, between three languages: the address of the page, the server's list, and words for people.
import { targetLabel } from "../server/session.js";
import { listOf, shown } from "../words/names.js";
import { STATES, nameOfState } from "./states.js";

export const SORTS = {
  newest: "Newest first",
  oldest: "Oldest first",
  name: "Name",
  longest: "Longest",
  shortest: "Shortest",
  largest: "Largest",
  smallest: "Smallest",
};

/** `from-to` in seconds; either may be missing. */
export const LENGTHS = {
  "-60": "Under 1 minute",
  "60-600": "1 to 10 minutes",
  "600-3600": "10 to 60 minutes",
  "3600-": "Over 1 hour",
};

const TRASH = "copy:trashed";
/** Days of the charts are the server's; else a day is one where the person is. */
const UTC = "utc";
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const LENGTH = /^\d*-\d*$/;
/** Everything that narrows the list, in the order of the address. `op`, `zone` and `sort` do not. */
const PLAIN = ["q", "project", "label", "camera", "state", "target", "held", "after", "before", "length"];
const EMPTY = { q: "", project: "", tags: [], op: "or", label: "", camera: "", state: "", target: "", held: "", after: "", before: "", zone: "", length: "", sort: "newest" };

export function readFilters(search) {
  // No name holds a NUL; the server refuses one.
  const given = new URLSearchParams(String(search).replaceAll("%00", ""));
  const filters = { ...EMPTY };
  for (const name of PLAIN) filters[name] = (given.get(name) ?? "").trim();
  filters.tags = readTags(given.getAll("tags"));
  if (given.get("op") === "and") filters.op = "and";
  if (given.get("zone") === UTC) filters.zone = UTC;
  if (given.get("sort") in SORTS) filters.sort = given.get("sort");
  // An address may be written by hand: what says nothing is left out, never shown as a filter that does nothing.
  for (const name of ["after", "before"]) if (!DATE.test(filters[name]) || !midnight(filters[name])) filters[name] = "";
  if (!(filters.state in STATES)) filters.state = "";
  if (filters.held !== "1") filters.held = "";
  if (!LENGTH.test(filters.length) || filters.length === "-") filters.length = "";
  return filters;
}

/** The address' parameters for these filters; only what differs from the plain list is written. */
export function writeFilters(filters, into = new URLSearchParams()) {
  for (const name of [...PLAIN, "tags", "op", "zone", "sort"]) into.delete(name);
  for (const name of PLAIN) if (filters[name]) into.set(name, filters[name]);
  writeTags(filters.tags, into);
  if (filters.op === "and") into.set("op", "and");
  if (filters.zone && (filters.after || filters.before)) into.set("zone", filters.zone);
  if (filters.sort !== "newest") into.set("sort", filters.sort);
  return into;
}

/** What no video can fulfil, by filter, in words; {} when all is well. */
export function faults({ after, before, length }) {
  const [least, most] = length.split("-");
  return {
    ...(after && before && before < after ? { dates: "Until is before From." } : {}),
    ...(least && most && Number(most) < Number(least) ? { length: "The longest is below the shortest." } : {}),
  };
}

/** Whether it is worth asking the server. */
export const canMatch = (filters) => !Object.keys(faults(filters)).length;

/** The same as the server's list asks for it. */
export function toServer(filters) {
  const [least, most] = filters.length.split("-");
  const [kind, state] = filters.state.split(":");
  const asked = {
    q: filters.q,
    project_id: filters.project,
    operator: filters.tags.length > 1 ? filters.op.toUpperCase() : "",
    content_type: filters.label,
    camera_id: filters.camera,
    state: kind === "video" ? "" : state,
    status: kind === "video" ? state : "",
    target: filters.target,
    held: filters.held,
    stored_after: filters.after && midnight(filters.after, 0, filters.zone).toISOString(),
    stored_before: filters.before && midnight(filters.before, 1, filters.zone).toISOString(),
    min_duration: least,
    max_duration: most,
    sort: filters.sort === "newest" ? "" : filters.sort,
  };
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value));
  writeTags(filters.tags, query);
  return query;
}

/** One `tags` is a list with commas; several are one tag each, for tags that have commas of their own. */
function readTags(given) {
  const tags = given.length > 1 ? given : (given[0] ?? "").split(",");
  return [...new Set(tags.map((tag) => tag.trim()).filter(Boolean))];
}

function writeTags(tags, into) {
  if (!tags.some((tag) => tag.includes(","))) {
    if (tags.length) into.set("tags", tags.join(","));
    return;
  }
  for (const tag of tags.length > 1 ? tags : [...tags, ...tags]) into.append("tags", tag);
}

/** One chip for each filter that is set: {key, words, without}, `without` being the filters after it was cleared. */
export function chips(filters) {
  const plain = (name, words) => filters[name] && { key: name, words, without: { ...filters, [name]: "" } };
  const tags = filters.tags.map((tag) => ({
    key: `tag ${tag}`,
    words: `Tag: ${shown(tag)}`,
    without: { ...filters, tags: filters.tags.filter((other) => other !== tag) },
  }));
  return [
    plain("q", `“${shown(filters.q)}”`),
    plain("project", `Project: ${shown(filters.project)}`),
    ...tags,
    plain("label", `Label: ${shown(filters.label)}`),
    plain("camera", `Camera: ${shown(filters.camera)}`),
    plain("state", nameOfState(filters.state)),
    plain("target", `On ${listOf(filters.target.split(",").map((name) => shown(targetLabel(name))))}`),
    plain("held", "Held"),
    plain("after", `From ${day(filters.after, filters.zone)}`),
    plain("before", `Until ${day(filters.before, filters.zone)}`),
    plain("length", LENGTHS[filters.length] ?? `${filters.length} seconds`),
  ].filter(Boolean);
}

export const isPlain = (filters) => !chips(filters).length;
export const cleared = (filters) => ({ ...EMPTY, sort: filters.sort });
export const isTrash = (filters) => filters.state === TRASH;
/** The trash and nothing else, in the order that is set; and from there all videos. */
export const theTrash = (filters) => ({ ...cleared(filters), state: isTrash(filters) ? "" : TRASH });

/** The start of a day where the person is, or in UTC, `later` days on; null when there is no such day. */
function midnight(date, later = 0, zone = "") {
  const at = new Date(`${date}T00:00:00${zone === UTC ? "Z" : ""}`);
  if (Number.isNaN(at.getTime())) return null;
  if (zone === UTC) at.setUTCDate(at.getUTCDate() + later);
  else at.setDate(at.getDate() + later);
  return at;
}

const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });
const day = (date, zone) => (date ? `${DAY.format(midnight(date))}${zone && " (UTC)"}` : "");
