// The exports as the server tells them, asked for often while one is in motion; what changed is said aloud.
import { effect, signal } from "@preact/signals";
import { useWatch } from "../operations/known.js";
import { source } from "../operations/source.js";
import { announce } from "../shell/announce.js";
import { shown } from "../words/names.js";
import { sentence } from "../words/states.js";

const FIRST = 20;
const MOST = 200;
const OFTEN_MS = 1000;
const SELDOM_MS = 10_000;

const limit = signal(FIRST);
export const exports = source(() => `/api/v1/storage/exports?limit=${limit.peek()}`);

const MOVING = ["PENDING", "PROCESSING"];
/** The copy in the bucket is on its way for a while after the export is ready. */
export const isMoving = ({ status, delivery }) => MOVING.includes(status) || (status === "COMPLETED" && delivery?.state === "pending");

export const canShowMore = () => Boolean(exports.answer.value?.next_cursor) && limit.value < MOST;
export function showMore() {
  limit.value = Math.min(MOST, limit.peek() * 3);
  return exports.ask();
}

export function useExports() {
  const isLively = (exports.answer.value?.exports ?? []).some(isMoving);
  useWatch(() => !exports.isUntold.peek() && exports.ask(), isLively ? OFTEN_MS : SELDOM_MS, [isLively]);
}

let before = null;
effect(() => {
  const told = exports.answer.value?.exports ?? null;
  if (told && before) for (const each of told) tellChange(before.get(each.id), each);
  before = told && new Map(told.map((each) => [each.id, each]));
});

function tellChange(earlier, { status, reason, partial, error }) {
  if (!earlier || earlier.status === status) return;
  const name = shown(reason) || "The export";
  if (status === "COMPLETED") announce(`${name}: ${partial ? "ready in part" : "ready"}.`, { kind: "exported" });
  if (status === "FAILED") announce(`${name}: failed. ${sentence(error)}`, { isTrouble: true });
}

/** The server's names of fields → where their trouble is told in the dialogue. */
const PLACES = { camera_ids: "range", start_time: "range", end_time: "range" };
const OWN = ["reason", "format", "cut", "layout", "slate", "incomplete", "keep_hours"];

/** Field → words, for a Problem: beside the field that it is about, or else below all. */
export function faultsOf({ message, detail }) {
  const field = detail?.field ?? "";
  return { [PLACES[field] ?? (OWN.includes(field) ? field : "all")]: sentence(message) };
}

export function focusFirstFault(form) {
  requestAnimationFrame(() => {
    const fault = form?.querySelector("[data-fault]");
    (fault?.closest("label, fieldset, div")?.querySelector("input:not(:disabled), select") ?? fault)?.focus?.();
    fault?.scrollIntoView({ block: "nearest" });
  });
}
