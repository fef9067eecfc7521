// Talks JSON with the server. Every failure comes out as a Problem whose message can be shown to people.
import { found, lost } from "./reach.js";

export class Problem extends Error {
  /** `status` is 0 when no answer came at all; `code` is the server's stable word. */
  constructor(message, { status = 0, code = "", detail = {}, retryAfterSeconds = null } = {}) {
    super(message);
    Object.assign(this, { status, code, detail, retryAfterSeconds });
  }
}

let whenSignedOut = () => {};
/** Have `handle` called, with when it was asked, whenever the server says that nobody is signed in. */
export function onSignedOut(handle) {
  whenSignedOut = handle;
}

/** Headers that a change must carry so that the server knows this page sent it. */
export const OWN_PAGE = { "X-Holdfast-CSRF": "1" };

export const get = (path, options) => call("GET", path, options);
export const post = (path, body, options) => call("POST", path, { body, ...options });

/** Nothing asked here takes long; a line that broke without a word answers nothing for ever. */
export const ANSWER_MS = 30_000;

export const NO_ANSWER = "The server cannot be reached.";
/** The request may have arrived, and only its answer been lost. */
const UNSURE = "No answer came from the server, so it is not known whether this was done. Look, and try again once it can be reached.";

export async function call(method, path, { body, signal, quiet401 = false } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") Object.assign(headers, OWN_PAGE);
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const asked = performance.now();
  let response;
  let text;
  try {
    response = await fetch(path, { method, headers, signal: within(signal), cache: "no-store", body: body && JSON.stringify(body) });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    lost();
    throw new Problem(method === "GET" ? NO_ANSWER : UNSURE);
  }
  found();
  const answer = readJson(text);
  if (response.ok && answer) return answer;
  if (response.status === 401 && !quiet401) whenSignedOut(asked);
  throw problemFrom(response.status, answer, response.headers.get("Retry-After"));
}

function within(signal) {
  const patience = AbortSignal.timeout(ANSWER_MS);
  return signal ? AbortSignal.any([signal, patience]) : patience;
}

export function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Turn any refusal into a Problem; `answer` is null when it was not JSON (a proxy's page, for one). */
export function problemFrom(status, answer, retryAfter) {
  const seconds = Number(retryAfter);
  const words = answer?.error || wordless(status);
  return new Problem(words, {
    status,
    code: answer?.code ?? "",
    detail: answer?.detail ?? {},
    retryAfterSeconds: retryAfter && Number.isFinite(seconds) ? seconds : null,
  });
}

function wordless(status) {
  if (status === 401) return "You are signed out. Sign in again to go on.";
  if (status === 413) return "Something before the server refused the file as too large (413). Ask an operator to raise the limit there.";
  if (status === 502 || status === 503 || status === 504)
    return `The server is not answering behind its proxy (${status}). It may be restarting.`;
  return `The server answered ${status} without saying why. An operator finds more in its log.`;
}
