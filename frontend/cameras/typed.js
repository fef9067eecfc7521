// A day and time that somebody typed, with or without a zone, as an instant; and in words what was taken or why none. Pure.
import { clockWords } from "./moments.js";
import { ZONE, insteadOf, instantsOf, offsetOf, wallOf, zoneName, zonesAround } from "./zone.js";

const TYPED = /^(?:(\d{4})-(\d{1,2})-(\d{1,2})[T,\s]+)?(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,3}))?)?\s*([a-z]*(?:[+\-−][\d:]+)?)$/i;
const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });
export const EXAMPLE = "2026-03-10 14:30:00";

/**
 * {at, said} or {fault}; {} when nothing is typed. A time that comes twice is the last one for the end "to", else the first.
 * `day`: an instant of the day that is meant where only a time is typed.
 */
export function readTime(text, end = "from", day = undefined) {
  const typed = text.trim();
  if (!typed) return {};
  const parts = TYPED.exec(typed);
  if (!parts) return { fault: `Write a day and a time like ${EXAMPLE}.` };
  if (!parts[1] && day === undefined) return { fault: `Write the day too, like ${EXAMPLE}.` };
  const wall = wallFrom(parts, day);
  if (wall === undefined) return { fault: "The calendar has no such day, or the clock no such time." };
  const zone = parts[8];
  return zone ? inZone(wall, zone) : here(wall, end);
}

/** As if it were a time of UTC; undefined for a 30 February or 25 o'clock. */
function wallFrom([, year, month, date, hour, minute, second = "0", part = "0"], day) {
  const at = new Date(day === undefined ? 0 : wallOf(day));
  if (year) at.setUTCFullYear(Number(year), Number(month) - 1, Number(date));
  if (year && (at.getUTCMonth() !== Number(month) - 1 || at.getUTCDate() !== Number(date))) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  return at.setUTCHours(Number(hour), Number(minute), Number(second), Number(part.padEnd(3, "0")));
}

function inZone(wall, zone) {
  const offset = offsetOf(zone, wall);
  if (offset !== undefined) return { at: wall - offset };
  return { fault: `${zone} is no zone of ${ZONE}. Write ${[...zonesAround(wall).keys()].join(" or ")}, or an offset such as +01:00 or Z.` };
}

function here(wall, end) {
  const all = instantsOf(wall);
  const words = `${timeOf(wall)} on ${DAY.format(wall)}`;
  if (!all.length) {
    return { fault: `There is no ${words} in ${ZONE}: clocks were put forward. Type ${insteadOf(wall).map((at) => `${clockWords(at)} ${zoneName(at)}`).join(" or ")}.` };
  }
  const at = end === "to" ? all.at(-1) : all[0];
  if (all.length === 1) return { at };
  const other = all.find((each) => each !== at);
  return { at, said: `${words} comes twice in ${ZONE}: the ${end === "to" ? "last" : "first"}, ${zoneName(at)}, was taken. Write ${zoneName(other)} behind it for the other.` };
}

const timeOf = (wall) => new Date(wall).toISOString().slice(11, 19);
