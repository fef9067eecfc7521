// Who is signed in, and what the server told them: limits, targets, role. Sign-in by link, by form, or none.
import { computed, effect, signal } from "@preact/signals";
import { NO_ANSWER, call, get, onSignedOut, post } from "./api.js";
import { online } from "./reach.js";

/** undefined: not known yet · null: signed out · {user, auth_mode, limits, targets} */
export const session = signal(undefined);
/** A sentence for the sign-in view: why it is shown, or what was wrong with the token. */
export const notice = signal("");

const UPLOADS = ["uploader", "service", "operator", "admin"];
const OPERATES = ["operator", "admin"];
const hasRole = (roles) => computed(() => roles.includes(session.value?.user?.role));

export const mayUpload = hasRole(UPLOADS);
export const mayOperate = hasRole(OPERATES);
export const isAdmin = hasRole(["admin"]);
export const limits = computed(() => session.value?.limits ?? { max_bytes: Infinity, extensions: [] });
export const targets = computed(() => session.value?.targets ?? []);

/** A target's name for people. */
export const targetLabel = (name) => targets.value.find((target) => target.name === name)?.label || name;

export function startSession() {
  onSignedOut(sessionEnded);
  window.addEventListener("holdfast-token", () => signInByLink());
  if (window.holdfastToken !== undefined) signInByLink();
  else resume();
}

/** When the newest sign-in was sent, in the page's own milliseconds: older answers tell of another session. */
let signInSent = 0;

/** The server no longer knows the session of a request sent at `asked` (of one sent just now, if not given). */
export function sessionEnded(asked = performance.now()) {
  if (asked < signInSent) return;
  if (session.value) notice.value = "Your session has ended. Sign in again; files in the queue wait for you.";
  session.value = null;
}

async function resume() {
  const asked = performance.now();
  try {
    const answer = await get("/api/session", { quiet401: true });
    if (asked >= signInSent) session.value = answer;
  } catch (problem) {
    // Somebody opened a sign-in link in the meantime: what the older question brings is not about them.
    if (asked < signInSent) return;
    if (problem.status === 0) whenOnline(resume);
    else {
      if (problem.status !== 401) notice.value = problem.message;
      session.value = null;
    }
  }
}

function signInByLink() {
  const token = safeDecode(window.holdfastToken);
  delete window.holdfastToken;
  const attempt = async () => {
    const problem = await signIn(token);
    if (problem?.status === 0) whenOnline(attempt);
    else if (problem) session.value = null;
  };
  attempt();
}

/** Sign in with `token`. Returns null, or the Problem; `notice` then holds the words. */
export async function signIn(token) {
  signInSent = performance.now();
  try {
    const answer = await post("/api/session", { token: token.trim() }, { quiet401: true });
    notice.value = "";
    session.value = answer;
    return null;
  } catch (problem) {
    notice.value = { 0: NO_ANSWER, 401: UNKNOWN_TOKEN }[problem.status] ?? problem.message;
    return problem;
  }
}

const UNKNOWN_TOKEN =
  "This token is not known here. It may have been mistyped or withdrawn. Ask whoever runs this server for a new sign-in link.";

export async function signOut() {
  try {
    await call("DELETE", "/api/session", { quiet401: true });
    notice.value = "You are signed out.";
    session.value = null;
  } catch (problem) {
    notice.value = problem.message;
    if (problem.status === 401) session.value = null;
  }
}

function safeDecode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Run `action` once, as soon as the server can be reached. */
function whenOnline(action) {
  let stop = null;
  let ran = false;
  stop = effect(() => {
    if (!online.value || ran) return;
    ran = true;
    queueMicrotask(() => {
      stop();
      action();
    });
  });
}
