// The stretch of time that is shown, in milliseconds since 1970, and how it is moved and zoomed.
import { signal } from "@preact/signals";

const SHORTEST_MS = 4000;
const LONGEST_MS = 80 * 365.25 * 86_400_000;
const EARLIEST = Date.UTC(1970, 0, 1);
const LATEST = Date.UTC(2200, 0, 1);
const ROOM = 0.03;

/** {from, to}; null until it is known what there is to show. */
export const span = signal(null);

/** Both ends of a span; none of none. */
export const ends = (shown) => (shown ? [shown.from, shown.to] : []);
export const widthOf = ({ from, to }) => to - from;
export const within = ({ from, to }, at) => at >= from && at < to;
/** Where an instant lies in a span: 0 at its start, 1 at its end. */
export const shareOf = ({ from, to }, at) => (at - from) / (to - from);
export const instantAt = ({ from, to }, share) => from + share * (to - from);

/** The same span within what can be shown: neither too short nor too long, nor beyond the calendar. */
export function limited({ from, to }) {
  const width = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, to - from));
  const middle = (from + to) / 2;
  const start = Math.min(LATEST - width, Math.max(EARLIEST, to - from === width ? from : middle - width / 2));
  return { from: start, to: start + width };
}

/** Longer by `factor` (shorter below 1), while the instant `at` stays where it is. */
export function zoomed(shown, factor, at = (shown.from + shown.to) / 2) {
  const width = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, widthOf(shown) * factor));
  const share = shareOf(shown, at);
  return limited({ from: at - share * width, to: at + (1 - share) * width });
}

/** Moved on by this share of its width. */
export const moved = (shown, share) => limited({ from: shown.from + share * widthOf(shown), to: shown.to + share * widthOf(shown) });

/** As long as before, with `at` at this share of it. */
export const movedTo = (shown, at, share = 0.5) => limited({ from: at - share * widthOf(shown), to: at + (1 - share) * widthOf(shown) });

/** What holds a stretch with a little room on both sides. */
export const around = ({ from, to }) => limited({ from: from - (to - from) * ROOM, to: to + (to - from) * ROOM });

/** Moved as little as needed to show an instant. */
export const showing = (shown, at) => (within(shown, at) ? shown : movedTo(shown, at, at < shown.from ? 0.1 : 0.9));

export const setSpan = (wanted) => (span.value = limited(wanted));
export const zoomBy = (factor, at) => span.peek() && setSpan(zoomed(span.peek(), factor, at));
export const moveBy = (share) => span.peek() && setSpan(moved(span.peek(), share));
