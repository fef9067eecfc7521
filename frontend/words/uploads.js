// What is said of a file on its way: why it waits, what went wrong, and what helps.
import { shown } from "./names.js";

const quoted = (name) => `“${shown(name)}”`;

export const WAITS = {
  lost: "Paused: connection lost. Resumes by itself.",
  busy: "Paused: the server asks to wait. Resumes by itself.",
  "signed-out": "Paused: you were signed out. Goes on after the next sign-in.",
};

export const unreadable = (name) =>
  `${quoted(name)} cannot be read any more: it was moved, changed or unplugged after you chose it.`;

export const ANEW = "The server no longer keeps what was sent before, so it is sent again from the start.";
export const ANEW_TOO_OFTEN =
  "The server forgot this upload again and again. Something is wrong there: tell an operator, or retry later.";
export const stoppedBySignOut = (files) => `${files} stopped on the way; what was sent is kept, and it goes on when you sign in again.`;
export const SAME_AS_BEFORE = "The same content was here before.";
export const NOT_LISTED =
  "Every byte was sent, but the server does not list the video. It may have been removed there. Retry sends it again.";
export const TOO_LARGE_FOR_PROXY =
  "Something before the server refuses even small pieces as too large (413). Ask an operator to raise the limit there.";

/** `more`: how far it was sent, as " from 64 %", or "". */
export const chooseAgain = (share) => `Choose the file again to ${share > 0 ? `go on from ${share}\u00a0%` : "send it"}.`;
export const whyAgain = (many) =>
  many === 1
    ? "A browser lets go of its files when the page is closed. Choose or drop this one again: it goes on where it stopped."
    : "A browser lets go of its files when the page is closed. Choose or drop them again, all at once if you like: each finds its row and goes on where it stopped.";
export const goOnFrom = (share) => `Press Go on: it continues ${share > 0 ? `from ${share}\u00a0%` : "with its turn"}.`;

export const another = (name, wanted, wantedSize, givenSize) =>
  name === wanted
    ? `This ${quoted(name)} is not the file that was begun: ${givenSize === wantedSize ? "its content differs" : `it is ${givenSize}, not ${wantedSize}`}. Choose the one that was being sent.`
    : `${quoted(name)} (${givenSize}) is not the file that was begun. Choose ${quoted(wanted)} (${wantedSize}).`;
export const begunAsNew = (name) =>
  `Another ${quoted(name)} was begun earlier and waits for its own file; this one differs from it and is sent as a new one.`;
