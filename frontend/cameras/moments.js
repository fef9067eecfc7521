// Instants and lengths as this view says them: where the person is to the second, UTC beside it. Where clocks are put back or
// forward, the zone stands behind each time.
import { html } from "../html.js";
import { withYear } from "../words/times.js";
import { needsZone, zoneName } from "./zone.js";

export const dayWords = withYear({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** Parts of a second, where there are some. */
const fraction = (at) => (Math.round(at) % 1000 ? `.${String(((Math.round(at) % 1000) + 1000) % 1000).padStart(3, "0")}` : "");
export const msOf = (iso) => Date.parse(iso);
export const isoOf = (at) => new Date(Math.round(at)).toISOString();

/** "02:30:00", with the zone behind it "02:30:00 CEST". */
export const clockWords = (at, isZoned = false) => CLOCK.format(at) + fraction(at) + (isZoned ? ` ${zoneName(at)}` : "");
/** `isZoned`: also when a time beside it needs its zone. */
export const localWords = (at, isZoned = needsZone(at)) => `${dayWords(at)}, ${clockWords(at, isZoned)}`;
export const utcWords = (at) => `${isoOf(at).replace("T", " ").replace(/(\.000)?Z$/, "")} UTC`;

/** From … to …, the day said once when it is the same. */
export function stretchWords(from, to, isZoned = needsZone(from, to)) {
  const end = dayWords(from) === dayWords(to) ? clockWords(to, isZoned) : localWords(to, isZoned);
  return `${localWords(from, isZoned)} – ${end}`;
}

const UNITS = [["day", 86_400_000], ["h", 3_600_000], ["min", 60_000]];

/** "2 days 3 h", "1 h 2 min 3 s", "2.5 s": exact below a day. */
export function lengthWords(ms) {
  let rest = Math.round(Math.max(0, ms));
  const words = [];
  for (const [name, size] of UNITS) {
    const many = Math.floor(rest / size);
    rest -= many * size;
    if (many) words.push(`${many} ${name === "day" && many > 1 ? "days" : name}`);
  }
  if (rest || !words.length) words.push(`${Number((rest / 1000).toFixed(3))} s`);
  return words.slice(0, words[0].includes("day") ? 2 : 3).join(" ");
}

export const Instant = ({ at, isZoned = needsZone(at) }) => html`<time dateTime=${isoOf(at)} title=${utcWords(at)}>${localWords(at, isZoned)}</time>`;

const two = (number) => String(number).padStart(2, "0");
/** "2026-03-10T14:30:00", for the browser's own field of day and time. */
export function pickerText(at) {
  const on = new Date(Math.round(at));
  return `${String(on.getFullYear()).padStart(4, "0")}-${two(on.getMonth() + 1)}-${two(on.getDate())}T${two(on.getHours())}:${two(on.getMinutes())}:${two(on.getSeconds())}`;
}
/** For a field in which one types. */
export const fieldText = (at, isZoned) => pickerText(at).replace("T", " ") + fraction(at) + (isZoned ? ` ${zoneName(at)}` : "");

/** "84 %", but never 100 unless whole, nor 0 unless empty. */
export function shareWords(share) {
  if (share >= 1) return "100\u00a0%";
  if (share <= 0) return "0\u00a0%";
  if (share > 0.99) return "over 99\u00a0%";
  return share < 0.01 ? "under 1\u00a0%" : `${Math.floor(share * 100)}\u00a0%`;
}
