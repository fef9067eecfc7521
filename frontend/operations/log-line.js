// A line of the log taken apart, in either of its formats: {at, level, step, rest, video}. Pure.
const LINE = /^(\S+) ([A-Z]+) +(\S+) *(.*)$/s;
const VIDEO = /\b(?:upload|video)="?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/;

export function lineOf(line) {
  const { at, level, step, rest } = parts(line);
  return { at: Number.isNaN(Date.parse(at)) ? "" : at, level: level.toLowerCase(), step, rest, video: VIDEO.exec(rest)?.[1] ?? "" };
}

function parts(line) {
  const [, at = "", level = "", step = "", rest = line] = LINE.exec(line) ?? [];
  if (!line.startsWith("{")) return { at, level, step, rest };
  try {
    const { at: when = "", level: how = "", step: what = "", ...facts } = JSON.parse(line);
    return { at: when, level: how, step: what, rest: Object.entries(facts).map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ") };
  } catch {
    return { at: "", level: "", step: "", rest: line };
  }
}
