// The places and words of the axis, from years down to seconds, on the calendar where the person is. Pure.
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

const format = (options) => {
  const made = new Intl.DateTimeFormat("en-GB", options);
  return (at) => made.format(at);
};
const WORDS = {
  second: format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  minute: format({ hour: "2-digit", minute: "2-digit" }),
  hour: format({ hour: "2-digit", minute: "2-digit" }),
  day: format({ weekday: "short", day: "numeric" }),
  month: format({ month: "short" }),
  year: format({ year: "numeric" }),
};
/** What a unit's ticks do not say themselves: which day, month or year it is. */
const ABOVE = {
  second: { unit: "day", words: format({ weekday: "short", day: "numeric", month: "short", year: "numeric" }) },
  minute: { unit: "day", words: format({ weekday: "short", day: "numeric", month: "short", year: "numeric" }) },
  hour: { unit: "day", words: format({ weekday: "short", day: "numeric", month: "short", year: "numeric" }) },
  day: { unit: "month", words: format({ month: "long", year: "numeric" }) },
  month: { unit: "year", words: format({ year: "numeric" }) },
};

/** {ticks, marks}: [{at, words}] of the finer and the coarser row; `room`: how many ticks have room. */
export function axisOf({ from, to }, room) {
  const wanted = (to - from) / Math.max(1, room);
  const [unit, many] = STEPS.find(([, , about]) => about >= wanted) ?? STEPS.at(-1);
  const ticks = places(unit, many, from, to).map((at) => ({ at, words: WORDS[unit](at) }));
  const above = ABOVE[unit];
  return { ticks, marks: above ? places(above.unit, 1, from, to, true).map((at) => ({ at, words: above.words(at) })) : [] };
}

/** `before`: with the last one before the span, which tells where it starts. */
function places(unit, many, from, to, before = false) {
  const found = unit === "second" || unit === "minute" || unit === "hour" ? within(stepOf(unit) * many, from, to) : calendar(unit, many, from, to);
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
