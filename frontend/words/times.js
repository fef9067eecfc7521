// Instants and durations in words: relative for reading, exact for hovering.
const EXACT = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "long" });

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

export function ago(iso, nowMs) {
  const seconds = (nowMs - Date.parse(iso)) / 1000;
  if (Number.isNaN(seconds)) return "at an unknown time";
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

export const exact = (iso) => (Number.isNaN(Date.parse(iso)) ? "" : EXACT.format(new Date(iso)));
