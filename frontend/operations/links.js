// Ways from a figure to the videos it counts: the Library with the same filter in its address.
import { html } from "../html.js";
import { LIBRARY, follow } from "../shell/route.js";

/** `filters` in the names of the Library's address: project, label, state, target, after, before… */
export function libraryAt(filters = {}) {
  const set = Object.entries(filters).filter(([, value]) => value);
  return set.length ? `${LIBRARY}?${new URLSearchParams(set)}` : LIBRARY;
}

/** All that a target's backlog counts: also what was tried in vain, and what is sent again. */
export const backlogAt = (target) => libraryAt({ state: "copy:pending,in_progress,parked,damaged", target });

export const videoAt = (id) => libraryAt({ video: id });

/** A link within the page; without an address only its words. */
export const Way = ({ to, children, ...others }) =>
  to ? html`<a href=${to} onClick=${(event) => follow(event, to)} ...${others}>${children}</a>` : html`<span ...${others}>${children}</span>`;
