// Instants and durations in words: relative for reading, exact for hovering.
const EXACT = withYear({ dateStyle: "long", timeStyle: "long" });
const DATE = withYear({ day: "numeric", month: "short", year: "numeric" });

/** A function that says an instant, its year in four digits: a clock that was never set says 1, and means 0001. */
export function withYear(options) {
  const format = new Intl.DateTimeFormat("en-GB", options);
  return (at) => format.formatToParts(at).map(({ type, value }) => (type === "year" ? value.padStart(4, "0") : value)).join("");
}

/** "1 Jan 2099". */
export const dateWords = (at) => DATE(new Date(at));

/** Clocks differ a little: only what is further ahead than this lies in the future. */
const AHEAD_SECONDS = 60;
export const isAhead = (iso, nowMs) => Date.parse(iso) - nowMs > AHEAD_SECONDS * 1000;

/** "45 s", "2 min", "1 h 5 min", "3 days": what is left, or how long it took. */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 90) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.round(hours / 24);
  return days === 1 ? "1 day" : `${days} days`;
}

/** "4 min ago"; of an instant still to come "in 4 min", or its date from a day on. */
export function ago(iso, nowMs) {
  const seconds = (nowMs - Date.parse(iso)) / 1000;
  if (Number.isNaN(seconds)) return "at an unknown time";
  if (seconds <= -86_400) return dateWords(iso);
  if (seconds < -AHEAD_SECONDS) return `in ${duration(-seconds)}`;
  if (seconds < 10) return "just now";
  if (seconds < 60) return "under a minute ago";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  const days = Math.floor(seconds / 86_400);
  if (days < 60) return days === 1 ? "yesterday" : `${days} days ago`;
  const months = Math.floor(days / 30.44);
  return months < 24 ? `${months} months ago` : `${Math.floor(months / 12)} years ago`;
}

/** "in 4 min", or "any moment now" when it is due. */
export function until(iso, nowMs) {
  const seconds = (Date.parse(iso) - nowMs) / 1000;
  return seconds < 1.5 ? "any moment now" : `in ${duration(seconds)}`;
}

export const exact = (iso) => (Number.isNaN(Date.parse(iso)) ? "" : EXACT(new Date(iso)));
