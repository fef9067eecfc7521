// What is damaged on the server's own disk: which videos, and what is said of each.
import { scrub } from "./known.js";

const NONE = [];

/** [{video_id, filename, part, reason, no_copy…}]: files, and the records beside them. */
export const damages = () => scrub.answer.value?.local?.damages ?? NONE;

/** How many videos' own files are damaged, as far as that is told; of very many only all together are counted. */
export function damagedFiles() {
  const all = scrub.answer.value?.local?.damaged ?? 0;
  const known = damages();
  if (known.length < all) return all;
  return new Set(known.filter(({ part }) => part === "file").map(({ video_id: id }) => id)).size;
}
