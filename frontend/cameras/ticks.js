// The places and words of the axis, from years down to seconds, on the calendar where the person is. Pure.
import { withYear } from "../words/times.js";
import { needsZone, zoneName } from "./zone.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** [unit, how many, about how long]: the steps that people count in. */
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((many) => ["second", many, many * SECOND]),
  ...[1, 2, 5, 10, 15, 30].map((many) => ["minute", many, many * MINUTE]),
  ...[1, 2, 3, 6, 12].map((many) => ["hour", many, many * HOUR]),
  ...[1, 2, 7].map((many) => ["day", many, many * DAY]),
  ...[1, 3, 6].map((many) => ["month", many, many * 30.44 * DAY]),
  ...[1, 2, 5, 10, 20].map((many) => ["year", many, many * 365.25 * DAY]),
];

const WORDS = {
  second: withYear({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  minute: withYear({ hour: "2-digit", minute: "2-digit" }),
  hour: withYear({ hour: "2-digit", minute: "2-digit" }),
  day: withYear({ weekday: "short", day: "numeric" }),
  month: withYear({ month: "short" }),
  year: withYear({ year: "numeric" }),
};
/** What a unit's ticks do not say themselves: which day, month or year it is. */
const ABOVE = {
  second: { unit: "day", words: withYear({ weekday: "short", day: "numeric", month: "short", year: "numeric" }) },
  minute: { unit: "day", words: withYear({ weekday: "short", day: "numeric", month: "short", year: "numeric" }) },
  hour: { unit: "day", words: withYear({ weekday: "short", day: "numeric", month: "short", year: "numeric" }) },
  day: { unit: "month", words: withYear({ month: "long", year: "numeric" }) },
  month: { unit: "year", words: withYear({ year: "numeric" }) },
};

/** Units whose words are times of day. */
const CLOCKS = ["second", "minute", "hour"];
/** Words with a zone behind them need more room: so much of the ticks are left. */
const ZONED_ROOM = 0.6;

/** {ticks, marks}: [{at, words}] of the finer and the coarser row; `room`: how many ticks have room. */
export function axisOf(shown, room) {
  const plain = laidOut(shown, room);
  const isZoned = CLOCKS.includes(plain.unit) && needsZone(shown.from, shown.to, ...plain.ticks.map(({ at }) => at));
  return isZoned ? laidOut(shown, room * ZONED_ROOM, true) : plain;
}

function laidOut({ from, to }, room, isZoned = false) {
  const wanted = (to - from) / Math.max(1, room);
  const [unit, many] = STEPS.find(([, , about]) => about >= wanted) ?? STEPS.at(-1);
  const behind = (at) => (isZoned && CLOCKS.includes(unit) ? ` ${zoneName(at)}` : "");
  const ticks = places(unit, many, from, to).map((at) => ({ at, words: WORDS[unit](at) + behind(at) }));
  const above = ABOVE[unit];
  return { unit, ticks, marks: above ? places(above.unit, 1, from, to, true).map((at) => ({ at, words: above.words(at) })) : [] };
}

/** `before`: with the last one before the span, which tells where it starts. */
function places(unit, many, from, to, before = false) {
  const found = CLOCKS.includes(unit) ? within(stepOf(unit) * many, from, to) : calendar(unit, many, from, to);
  const first = found.findIndex((at) => at >= from);
  const start = before && first !== 0 ? (first < 0 ? found.length : first) - 1 : first;
  return start < 0 ? (before ? found.slice(-1) : []) : found.slice(start);
}

const stepOf = (unit) => ({ second: SECOND, minute: MINUTE, hour: HOUR })[unit];

/** Steps counted anew from each midnight: on a day of 23 or 25 hours each is still what its words say. */
function within(step, from, to) {
  const found = [];
  const first = new Date(from);
  for (let day = 0; ; day += 1) {
    const midnight = new Date(first.getFullYear(), first.getMonth(), first.getDate() + day).getTime();
    const next = new Date(first.getFullYear(), first.getMonth(), first.getDate() + day + 1).getTime();
    if (midnight > to) return found;
    const skipped = Math.max(0, Math.floor((from - midnight) / step));
    for (let at = midnight + skipped * step; at < next && at <= to; at += step) found.push(at);
  }
}

function calendar(unit, many, from, to) {
  const found = [];
  const first = new Date(from);
  const year = first.getFullYear();
  for (let step = 0; ; step += many) {
    const at = {
      day: () => new Date(year, first.getMonth(), 1 + step),
      month: () => new Date(year, step),
      year: () => new Date(Math.floor(year / many) * many + step, 0),
    }[unit]().getTime();
    if (at > to) return found;
    found.push(at);
  }
}
