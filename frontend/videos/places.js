// The targets' own health: asked with the list and while a copy waits, so that a wait can be explained.
import { signal } from "@preact/signals";
import { get, post } from "../server/api.js";

const FRESH_MS = 5000;

/** The targets as the server describes them, by name. */
export const places = signal(new Map());
let askedAt = 0;

export const isUp = (name) => (places.value.get(name)?.state ?? "up") === "up";

/** Ask for the targets' health, unless that was just done. */
export async function lookAtPlaces({ now = false } = {}) {
  if (!now && Date.now() - askedAt < FRESH_MS) return;
  askedAt = Date.now();
  try {
    const { targets } = await get("/api/targets");
    places.value = new Map(targets.map((target) => [target.name, target]));
  } catch {
    // The states of the copies are shown all the same, only the reason for a wait is missing.
  }
}

/** Have a target probed now, or let a paused one go on. Returns what was found, in words. Throws the Problem. */
export async function askPlace(name, act) {
  const answer = await post(`/api/targets/${encodeURIComponent(name)}/${act}`);
  await lookAtPlaces({ now: true });
  return answer.message ?? "";
}
