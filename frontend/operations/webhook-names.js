// What a webhook is called, where it is spoken to, and whether it waits for a person.
import { shown } from "../words/names.js";

export const pathOf = (id) => `/api/webhooks/${encodeURIComponent(id)}`;
// An address that only this browser refuses is told as it is.
export const nameOf = (hook) => shown(hook.label) || (URL.canParse(hook.url) ? new URL(hook.url).host : shown(hook.url));

/** Told nothing more, and nobody here wanted that: it answered 410 Gone. */
export const isStuck = ({ state, reason }) => state === "paused" && !reason?.startsWith("Paused by");
