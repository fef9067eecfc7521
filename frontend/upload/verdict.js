// What follows from an answer that was not a success. Pure.

/** Answers that pass by themselves: the server or its proxy is busy, restarting, or got the body cut short. */
const PASSING = [408, 423, 425, 429, 500, 502, 503, 504];
const CUT_SHORT = "incomplete-body";

/**
 * "sign-in": wait for it · "again": wait, then go on where it stopped · "anew": the upload is gone, begin from zero ·
 * "smaller": something on the way takes no request of this size · "stop": only a person can change it.
 */
export function verdict({ status, code }, { begun }) {
  if (status === 401) return "sign-in";
  if (begun && (status === 404 || status === 410)) return "anew";
  if (begun && status === 409 && code !== "duplicate") return "again";
  // Our server always says which limit; a proxy in between does not.
  if (begun && status === 413 && !code) return "smaller";
  return PASSING.includes(status) || code === CUT_SHORT ? "again" : "stop";
}

const LONGEST_WAIT_SECONDS = 60;
export const backoffSeconds = (times) => Math.min(LONGEST_WAIT_SECONDS, 2 ** Math.max(0, times - 1));
