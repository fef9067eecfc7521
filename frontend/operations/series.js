// What was saved day by day as rows to draw and to read: gaps filled, running totals, months. Pure; days are UTC dates.
const DAY_MS = 86_400_000;
const AS_DAYS = 45;

const dayOf = (ms) => new Date(ms).toISOString().slice(0, 10);
export const msOf = (day) => Date.parse(`${day}T00:00:00Z`);

/** [{day, ms, bytes, count, allBytes, allCount}] from the day before the first to `today`, none left out. */
export function runningTotals(told, today) {
  if (!told.length) return [];
  const known = new Map(told.map((each) => [each.day, each]));
  const first = Math.min(...told.map(({ day }) => msOf(day))) - DAY_MS;
  const last = Math.max(msOf(today), ...told.map(({ day }) => msOf(day)));
  const rows = [];
  let [allBytes, allCount] = [0, 0];
  for (let ms = first; ms <= last; ms += DAY_MS) {
    const { bytes = 0, count = 0 } = known.get(dayOf(ms)) ?? {};
    allBytes += bytes;
    allCount += count;
    rows.push({ day: dayOf(ms), ms, bytes, count, allBytes, allCount });
  }
  return rows;
}

/** The last `days` of them; 0: all. One more than asked, so that the first day has something to rise from. */
export const lastDays = (rows, days) => (days && rows.length > days + 1 ? rows.slice(-days - 1) : rows);

/** For reading: days when there are few, else months; the newest first, those in which something was saved.
 * [{name, from, to, bytes, count, allBytes, allCount}] */
export function summary(rows) {
  const byDays = rows.length <= AS_DAYS;
  const periods = new Map();
  for (const row of rows) {
    const key = byDays ? row.day : row.day.slice(0, 7);
    const before = periods.get(key) ?? { name: nameOf(row.ms, byDays), from: row.day, bytes: 0, count: 0 };
    periods.set(key, { ...before, to: row.day, bytes: before.bytes + row.bytes, count: before.count + row.count, allBytes: row.allBytes, allCount: row.allCount });
  }
  return [...periods.values()].filter(({ count }) => count > 0).reverse();
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const MONTH = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });
export const dayWords = (ms) => DAY.format(ms);
const nameOf = (ms, isDay) => (isDay ? dayWords(ms) : MONTH.format(ms));

const NICE = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000];
const NICE_BYTES = [0.5, 1, 2, 2.5, ...NICE.slice(2)];

/** Round places on an axis of bytes: steps of KB, MB, GB… as people read them. */
export function byteSteps(most, atMost) {
  let unit = 1;
  while (most / unit >= 1024) unit *= 1024;
  return steps(most / unit, atMost, NICE_BYTES).map((step) => step * unit);
}

export const countSteps = (most, atMost) => steps(most, atMost, NICE);

function steps(top, atMost, nice) {
  const least = top / Math.max(1, atMost);
  let power = 1;
  while (1000 * power < least) power *= 1000;
  const step = power * nice.find((each) => each * power >= least);
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, at) => at * step);
}
