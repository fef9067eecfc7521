// One thing that the server tells: its newest answer, what went wrong, and whether it is told at all.
import { batch, effect, signal } from "@preact/signals";
import { get } from "../server/api.js";
import { session } from "../server/session.js";

/** Not for this person, or a server that does not know the question: asking again changes nothing. */
const UNTOLD = [403, 404, 405];

/** `address`: the path, or a function that gives it. {answer, of, problem, isUntold, at} are signals, `of` being the address
 * that was answered; `ask()` asks now. */
export function source(address) {
  const answer = signal(null);
  const of = signal("");
  const problem = signal("");
  const isUntold = signal(false);
  const at = signal(null);
  let running = null;

  async function ask() {
    running?.abort();
    const mine = (running = new AbortController());
    const asked = typeof address === "function" ? address() : address;
    try {
      const told = await get(asked, { signal: mine.signal });
      if (running !== mine) return;
      batch(() => {
        answer.value = told;
        of.value = asked;
        at.value = new Date().toISOString();
        problem.value = "";
      });
    } catch (trouble) {
      if (running !== mine || trouble.name === "AbortError") return;
      isUntold.value = UNTOLD.includes(trouble.status);
      // A lost connection is told by its own bar, and heals by itself.
      problem.value = trouble.status === 0 ? "" : trouble.message;
    }
  }

  function forget() {
    running?.abort();
    running = null;
    answer.value = null;
    of.value = "";
    at.value = null;
    problem.value = "";
    isUntold.value = false;
  }

  // Who signs in next may see less.
  effect(() => {
    if (session.value === null) forget();
  });
  return { answer, of, problem, isUntold, at, ask, forget };
}
