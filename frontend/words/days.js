// Days of the calendar where the person is: counted on, as dates for a field, and in words.
import { duration } from "./times.js";

const LONG = new Intl.DateTimeFormat("en-GB", { dateStyle: "long" });
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** "3 March 2027"; takes an instant or its ISO text. */
export const longDay = (at) => (Number.isNaN(new Date(at).getTime()) ? "" : LONG.format(new Date(at)));

/** What is left in few words: whole hours above two, whole days above one. */
export const roughly = (seconds) => duration(seconds > 7200 ? Math.round(seconds / 3600) * 3600 : seconds);

/** The day so many `days` or `months` on, as "2026-12-21". From the 31st a month on is the last day of a shorter month. */
export function dayOf(from, { days = 0, months = 0 }) {
  const first = new Date(from.getFullYear(), from.getMonth() + months, 1);
  const length = new Date(first.getFullYear(), first.getMonth() + 1, 0).getDate();
  const at = new Date(first.getFullYear(), first.getMonth(), Math.min(from.getDate(), length) + days);
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

/** The last second of a day, as a Date; undefined when there is no such day. */
export function dayEnd(date) {
  const at = DATE.test(date) ? new Date(`${date}T23:59:59`) : new Date(NaN);
  return Number.isNaN(at.getTime()) ? undefined : at;
}
