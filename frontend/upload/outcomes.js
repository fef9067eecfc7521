// What follows from the end of an attempt: saved, again by itself, or words that say what a person can do.
import { announce } from "../shell/announce.js";
import { online, probe } from "../server/reach.js";
import { sessionEnded } from "../server/session.js";
import { adopt } from "../videos/list.js";
import { shown } from "../words/names.js";
import { digestOf, shortDigest } from "../words/sizes.js";
import { ANEW, ANEW_TOO_OFTEN, NOT_LISTED, SAME_AS_BEFORE, TOO_LARGE_FOR_PROXY, unreadable, WAITS } from "../words/uploads.js";
import { amendSoon } from "./amend.js";
import { stillReadable } from "./checks.js";
import { useSmaller } from "./piece.js";
import { freeBytes, items, letGo, save } from "./queue.js";
import { savedVideo } from "./remote.js";
import { backoffSeconds, verdict } from "./verdict.js";

const MOST_RESTARTS = 2;
const LOOKS = 5;
const LOSSES_OF_A_PATTERN = 3;

/** `isMine()` tells, after each wait, whether a person has paused or cancelled it meanwhile. */
export async function settle(item, { kind, problem }, isMine) {
  if (kind === "taken") await confirm(item, isMine);
  else if (kind === "lost") await connectionLost(item, isMine);
  else if (kind === "refused") await answered(item, problem, isMine);
}

/** Every byte is there. Whether it is saved is for the server's own list to say. */
async function confirm(item, isMine) {
  item.state.value = "saving";
  item.bytes.value = item.size;
  for (let look = 0; look < LOOKS; look += 1) {
    let video;
    try {
      video = await savedVideo(item.videoId);
    } catch (problem) {
      return problem.status ? answered(item, problem, isMine) : connectionLost(item, isMine);
    }
    if (video) return saved(item, video);
    await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** look));
  }
  startAnew(item);
  fail(item, NOT_LISTED);
}

export function saved(item, video) {
  item.bytes.value = item.size;
  item.problem.value = item.note.value = "";
  item.state.value = "saved";
  freeBytes(item);
  save(item);
  amendSoon(item);
  const again = video.duplicate_of ? ` ${SAME_AS_BEFORE}` : "";
  announce(`${shown(item.name)}: saved, digest ${shortDigest(digestOf(video))}.${again}`, { kind: again ? "" : "saved" });
  tellWhenAllAreSaved();
  adopt(video.id);
}

/** The last word on a long queue; one or two files have been told by name. */
function tellWhenAllAreSaved() {
  const there = items.peek().filter((item) => item.state.peek() === "saved").length;
  if (there > 2 && there === items.peek().length) announce(`All ${there} files of the queue are saved.`);
}

async function answered(item, problem, isMine) {
  switch (verdict(problem, { begun: Boolean(item.url.peek()) })) {
    case "sign-in":
      wait(item, "signed-out", null);
      return sessionEnded();
    case "again":
      return wait(item, "busy", problem.retryAfterSeconds ?? backoffSeconds(++item.losses), problem.message);
    case "anew":
      return gone(item, isMine);
    case "smaller":
      return useSmaller(item) ? goOn(item) : fail(item, TOO_LARGE_FOR_PROXY);
    default:
      return fail(item, problem.message);
  }
}

/** The server has no such upload: it became a video already, or it was given up there. */
async function gone(item, isMine) {
  let video;
  try {
    video = await savedVideo(item.videoId);
  } catch {
    return connectionLost(item, isMine);
  }
  if (video) return saved(item, video);
  startAnew(item);
  if (!isMine()) return;
  item.restarts += 1;
  if (item.restarts > MOST_RESTARTS) return fail(item, ANEW_TOO_OFTEN);
  item.note.value = ANEW;
  announce(`${shown(item.name)}: ${ANEW}`);
  goOn(item);
}

export function startAnew(item) {
  item.url.value = "";
  item.wordsThere.value = null;
  item.bytes.value = item.farthest = 0;
}

async function connectionLost(item, isMine) {
  const isReadable = await stillReadable(item.file);
  if (!isMine()) return;
  if (!isReadable) return fileUnreadable(item);
  item.losses += 1;
  const isReachable = online.peek() && (await probe());
  if (!isMine()) return;
  // Some proxies cut what is too large for them, without a word.
  if (isReachable && item.losses % LOSSES_OF_A_PATTERN === 0) useSmaller(item);
  wait(item, "lost", isReachable ? backoffSeconds(item.losses) : null);
}

export function fileUnreadable(item) {
  item.problem.value = unreadable(item.name);
  item.handle.value = null;
  letGo(item);
  item.state.value = "needs";
  save(item);
  announce(`${shown(item.name)}: ${item.problem.peek()}`, { isTrouble: true });
}

/** Nobody is signed in any more: what was under way stops where it is, and goes on for the same person. */
export const waitForSignIn = (item) => wait(item, "signed-out", null);

/** Let `item` rest; `seconds` null means until the connection or the sign-in is back. */
function wait(item, reason, seconds, words = "") {
  item.reason.value = reason;
  item.problem.value = words;
  item.retryAt.value = seconds === null ? null : Date.now() + seconds * 1000;
  item.state.value = "waiting";
  save(item);
  announce(`${shown(item.name)}: ${words || WAITS[reason]}`);
  if (seconds !== null) item.retryTimer = setTimeout(() => item.state.peek() === "waiting" && goOn(item), seconds * 1000);
}

/** What waited stands in line again. */
export function goOn(item) {
  clearTimeout(item.retryTimer);
  item.retryAt.value = null;
  item.state.value = "queued";
}

function fail(item, words) {
  item.problem.value = words;
  item.state.value = "failed";
  save(item);
  announce(`${shown(item.name)}: ${words}`, { isTrouble: true });
}
