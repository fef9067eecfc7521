// Acting on many videos in one request: what worked is picked no more; what failed is named, stays picked, and can be tried again.
import { signal } from "@preact/signals";
import { heldWords } from "../holds/words.js";
import { get, post } from "../server/api.js";
import { session } from "../server/session.js";
import { keep, record, titleOf } from "../videos/records.js";
import { unpick } from "./selection.js";

/** A request of more would take too long to answer; the bar tells how far it is between two. */
const AT_ONCE = 100;

/** {says, done, all} while something is under way, else null. */
export const running = signal(null);
/** {says, failures: [{id, title, reason, isFinal, isUnsure}], again} of the last act that did not work for all, else null. */
export const failed = signal(null);

/**
 * Have the server do `action` with all of them. `says`: "moved to the trash"; `fields` go with it.
 * Resolves to {worked: ids, failures}; nothing is thrown.
 */
export async function inBulk(action, ids, says, fields = {}) {
  if (running.peek()) return { worked: [], failures: [] };
  const worked = [];
  const failures = [];
  failed.value = null;
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    running.value = { says, done: at, all: ids.length };
    const answers = await ask(action, ids.slice(at, at + AT_ONCE), fields);
    for (const answer of answers) {
      if (answer.ok) worked.push(answer.id);
      else failures.push(answer);
    }
  }
  await renew(failures.filter(({ code }) => code === "held").map(({ id }) => id));
  running.value = null;
  unpick(worked);
  return { worked, failures: failures.map(failureOf) };
}

/** [{id, ok, error, code, status}]: of each; when the whole request failed, its reason for each. */
async function ask(action, ids, fields) {
  try {
    const { results } = await post("/api/videos/bulk", { action, ids, ...fields });
    const told = new Map(results.map((result) => [result.id, result]));
    return ids.map((id) => told.get(id) ?? { id, ok: false, error: "The server did not say what became of it.", code: "" });
  } catch ({ status, message, code }) {
    return ids.map((id) => ({ id, ok: false, error: status === 0 ? "The server could not be reached." : message, code, status }));
  }
}

/** Trying again changes nothing about these. */
const FINAL = ["bad-field", "forbidden", "held", "not-found", "upload-gone"];
const FINAL_STATUS = [400, 403, 404, 410, 422];

function failureOf({ id, error, code, status }) {
  const video = record(id).peek() ?? {};
  return { id, title: titleOf(video), reason: reasonOf(video, code, error), isFinal: FINAL.includes(code) || FINAL_STATUS.includes(status), isUnsure: status === 0 };
}

/** Short, and the same words for the same reason, so that many can be told at once. */
function reasonOf(video, code, error) {
  if (code === "held" && heldWords(video)) return heldWords(video);
  if (code === "forbidden" && video.uploaded_by !== session.peek()?.user?.name) return "Sent by somebody else. Ask an operator.";
  return error;
}

/** Tell what did not work; `again` is called with the ids of it. */
export function tellFailures(says, failures, again) {
  if (failures.length) failed.value = { says, failures, again };
}

/** Ask for videos anew, whose states an act has changed. */
export async function renew(ids) {
  try {
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const asked = new URLSearchParams({ ids: ids.slice(at, at + AT_ONCE).join(","), limit: AT_ONCE });
      (await get(`/api/videos/list?${asked}`)).videos.forEach(keep);
    }
  } catch {
    // What was done is done; the list shows it with its next look.
  }
}
