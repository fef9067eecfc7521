// Instants and lengths as this view says them: where the person is to the second, UTC beside it.
import { html } from "../html.js";

const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
export const ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Parts of a second, where there are some. */
const fraction = (at) => (Math.round(at) % 1000 ? `.${String(((Math.round(at) % 1000) + 1000) % 1000).padStart(3, "0")}` : "");
export const msOf = (iso) => Date.parse(iso);
export const isoOf = (at) => new Date(Math.round(at)).toISOString();

export const dayWords = (at) => DAY.format(at);
export const clockWords = (at) => CLOCK.format(at) + fraction(at);
export const localWords = (at) => `${DAY.format(at)}, ${clockWords(at)}`;
export const utcWords = (at) => `${isoOf(at).replace("T", " ").replace(/(\.000)?Z$/, "")} UTC`;

/** From … to …, the day said once when it is the same. */
export const stretchWords = (from, to) => (DAY.format(from) === DAY.format(to) ? `${localWords(from)} – ${clockWords(to)}` : `${localWords(from)} – ${localWords(to)}`);

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

export const Instant = ({ at }) => html`<time dateTime=${isoOf(at)} title=${utcWords(at)}>${localWords(at)}</time>`;

const two = (number) => String(number).padStart(2, "0");
/** For a field of day and time. */
export function fieldText(at) {
  const on = new Date(Math.round(at));
  const text = `${String(on.getFullYear()).padStart(4, "0")}-${two(on.getMonth() + 1)}-${two(on.getDate())}T${two(on.getHours())}:${two(on.getMinutes())}:${two(on.getSeconds())}`;
  return text + fraction(at);
}
/** What was typed into one; NaN while it is no instant. */
export const fieldInstant = (text) => (text ? new Date(text).getTime() : NaN);

/** "84 %", but never 100 unless whole, nor 0 unless empty. */
export function shareWords(share) {
  if (share >= 1) return "100\u00a0%";
  if (share <= 0) return "0\u00a0%";
  if (share > 0.99) return "over 99\u00a0%";
  return share < 0.01 ? "under 1\u00a0%" : `${Math.floor(share * 100)}\u00a0%`;
}
