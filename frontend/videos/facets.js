// What words are in use, with counts: projects, labels, tags, cameras. Asked for now and then, a courtesy.
import { signal } from "@preact/signals";
import { get } from "../server/api.js";

const FRESH_MS = 15_000;
const NONE = { projects: [], labels: [], tags: [], cameras: [] };

export const facets = signal(NONE);
let askedAt = 0;
let timer = null;

/** Soon: not each time that one video more is there. `now`: what was just changed here is to be seen. */
export function askForFacets({ now = false } = {}) {
  clearTimeout(timer);
  timer = setTimeout(ask, now ? 0 : Math.max(0, askedAt + FRESH_MS - Date.now()));
}

async function ask() {
  askedAt = Date.now();
  try {
    const { projects, labels, tags, cameras } = await get("/api/videos/facets");
    facets.value = { projects: named(projects), labels: named(labels), tags: named(tags), cameras: named(cameras) };
  } catch {
    // The list itself says what is wrong; filters that are set stay and can be cleared.
  }
}

/** A comma ends a tag, except within one that is in use with it. */
export function tagsIn(written) {
  const whole = written.trim();
  if (facets.peek().tags.some(({ value }) => value === whole)) return [whole];
  return [...new Set(whole.split(",").map((tag) => tag.trim()).filter(Boolean))];
}

/** An empty label or camera is none. */
const named = (values = []) => values.filter(({ value }) => value);
