// The time zone of the person: its offset and short name at an instant, and the instants at which clocks there show a time. Pure.
const DAY_MS = 86_400_000;
export const ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Some zones have a name in one of these only. */
const NAMES = ["en-GB", "en-US"].map((language) => new Intl.DateTimeFormat(language, { timeZoneName: "short" }));
const nameBy = (format, at) => format.formatToParts(at).find(({ type }) => type === "timeZoneName").value;

/** Milliseconds that clocks there are ahead of UTC. */
export const offsetAt = (at) => Math.round(-new Date(at).getTimezoneOffset() * 60_000);

/** "CEST", or "GMT+2" where it has no name. */
export const zoneName = (at) => nameBy(NAMES[0], at);

/** What clocks there show, as the instant at which those of UTC show it. */
export const wallOf = (at) => at + offsetAt(at);

const offsetsAround = (wall) => [...new Set([offsetAt(wall - DAY_MS), offsetAt(wall + DAY_MS)])];

/** The instants at which clocks there show `wall`: two where they are put back, none where they are put forward. */
export const instantsOf = (wall) => offsetsAround(wall).map((offset) => wall - offset).filter((at) => wallOf(at) === wall).sort((one, two) => one - two);

/** For a `wall` that clocks there skip: the instants that it would be by the clock before and by the one after, in order. */
export const insteadOf = (wall) => offsetsAround(wall).map((offset) => wall - offset).sort((one, two) => one - two);

/** Whether these times need their zone beside them: one of them comes twice, or clocks were changed between them. */
export function needsZone(...all) {
  return new Set(all.map(offsetAt)).size > 1 || all.some((at) => instantsOf(wallOf(at)).length > 1);
}

/** "CET", "+01:00", "GMT+1" or "Z" → milliseconds ahead of UTC; undefined when it is none that is known there. */
export function offsetOf(zone, wall) {
  if (/^(z|utc|gmt)$/i.test(zone)) return 0;
  const [, sign, hours, minutes = "0"] = /^(?:utc|gmt)?([+\-−])(\d{1,2}):?(\d{2})?$/i.exec(zone) ?? [];
  if (sign) return Number(hours) > 14 || Number(minutes) > 59 ? undefined : (sign === "+" ? 1 : -1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  return zonesAround(wall).get(zone.toUpperCase());
}

/** Name → offset of what is in use there around a time and in the two halves of its year. */
export function zonesAround(wall) {
  const year = new Date(wall).getUTCFullYear();
  const instants = [wall - DAY_MS, wall + DAY_MS, Date.UTC(year, 0, 1), Date.UTC(year, 6, 1)];
  return new Map(NAMES.flatMap((format) => instants.map((at) => [nameBy(format, at).toUpperCase(), offsetAt(at)])));
}
