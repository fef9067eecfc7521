// Places in a video and lengths of videos: as a clock for the eye, as words for the ear.

/** "0:07", "12:34", "1:02:03"; "–:––" while it is not known. With `long` hours are shown even when there are none. */
export function clockTime(seconds, { long = false } = {}) {
  if (!Number.isFinite(seconds)) return "–:––";
  const { hours, minutes, rest } = parts(seconds);
  const two = (number) => String(number).padStart(2, "0");
  return hours || long ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** "3 minutes", "1 minute 12", "1 hour 2 minutes 3", "45 seconds": short enough to be heard again and again. */
export function spokenTime(seconds) {
  if (!Number.isFinite(seconds)) return "an unknown length";
  const { hours, minutes, rest } = parts(seconds);
  if (!hours && !minutes) return named(rest, "second");
  const words = [hours && named(hours, "hour"), minutes && named(minutes, "minute"), rest && String(rest)];
  return words.filter(Boolean).join(" ");
}

const named = (number, one) => `${number} ${number === 1 ? one : `${one}s`}`;

function parts(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return { hours: Math.floor(whole / 3600), minutes: Math.floor((whole % 3600) / 60), rest: whole % 60 };
}
