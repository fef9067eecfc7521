// What an export's state is called, shaped and coloured, and what it says of its bounds and gaps. Pure.
import { shown } from "../words/names.js";
import { percent } from "../words/sizes.js";
import { lengthWords, msOf } from "./moments.js";

/** A part was missing and the request said to make nothing then: somebody has to decide. */
export const isIncomplete = ({ status, error_code: code }) => status === "FAILED" && code === "incomplete";

export function markOf({ status, progress, partial, ...told }) {
  switch (status) {
    case "PENDING":
      return { shape: "waiting", word: "Waiting", tone: "waiting" };
    case "PROCESSING": {
      const share = percent(progress ?? 0, 100);
      return { shape: "moving", word: `Making ${share}\u00a0%`, tone: "moving", share };
    }
    case "COMPLETED":
      return partial ? { shape: "needs", word: "Ready in part", tone: "needs" } : { shape: "verified", word: "Ready", tone: "verified" };
    case "FAILED":
      return isIncomplete({ status, ...told }) ? { shape: "needs", word: "Needs you", tone: "needs" } : { shape: "failed", word: "Failed", tone: "failed" };
    case "CANCELLED":
      return { shape: "none", word: "Cancelled", tone: "waiting" };
    case "EXPIRED":
      return { shape: "none", word: told.removed_by ? "Removed" : "Expired", tone: "waiting" };
    default:
      return { shape: "waiting", word: shown(status), tone: "waiting" };
  }
}

/** The copy in the bucket of exports. */
export function deliveryMark({ state }) {
  if (state === "verified" || state === "delivered") return { shape: "verified", word: "Verified", tone: "verified" };
  if (state === "failed") return { shape: "failed", word: "Failed", tone: "failed" };
  return { shape: "moving", word: "On its way", tone: "moving", share: 50 };
}

const off = (difference, less, more) => (Math.abs(difference) < 1 ? "" : difference < 0 ? `${lengthWords(-difference)} ${less}` : `${lengthWords(difference)} ${more}`);

/** How what was given differs from what was asked: "exactly as asked", or by how much at each end. */
export function boundsWords({ asked, given }) {
  if (!given) return "nothing was recorded";
  const start = off(msOf(given.start) - msOf(asked.start), "earlier", "later");
  const end = off(msOf(given.end) - msOf(asked.end), "earlier", "later");
  if (!start && !end) return "exactly as asked";
  return [start && `begins ${start}`, end && `ends ${end}`].filter(Boolean).join(", ");
}

export const CUTS = { fast: "fast cut", exact: "exact cut" };
export const LAYOUTS = { files: "a file each", grid: "grid" };

/** "fast cut, a file each, MP4". */
export function mannerWords({ cut, layout, slate, format, camera_ids: ids }) {
  return [CUTS[cut] ?? cut, ids.length > 1 && (LAYOUTS[layout] ?? layout), slate && "gaps as a slate", (format ?? "").toUpperCase()].filter(Boolean).join(", ");
}
