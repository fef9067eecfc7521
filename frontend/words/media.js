// What is made from a video, in words: jobs by what they make, copies by their format and size, and what changed.
import { listOf } from "./names.js";

const KINDS = {
  probe: "Looking at the file",
  pictures: "Pictures for the library and the seek bar",
  preview: "The moving preview",
  browser: "The copy that browsers can play",
  fingerprint: "The comparison with other videos",
};
const FORMATS = { mp4: "MP4", webm: "WebM", hls: "HLS" };

/** "MP4, 720 lines", "HLS with 1080, 720 and 480 lines", or what else a job makes. */
export function jobName({ kind, parameters }) {
  if (kind !== "convert") return KINDS[kind] ?? kind;
  const [format, heights = ""] = (parameters ?? "").split("-");
  const lines = heights.split(",").filter(Boolean);
  return formatName(format, lines);
}

export function formatName(format, heights) {
  const name = FORMATS[format] ?? format;
  if (!heights.length) return name;
  return format === "hls" ? `${name} with ${listOf(heights.map(String), "and")} lines` : `${name}, ${heights[0]} lines`;
}

/** The name of something made, by what the server says of it. */
export function renditionName({ kind, format, height, heights }) {
  if (kind === "browser") return height ? `Playable copy, ${height} lines` : "Playable copy";
  return formatName(format, heights?.length ? heights : height ? [height] : []);
}

const ENDED_BADLY = ["failed", "set-aside"];

/** [{words, kind?, isTrouble?}]: what a person wants to hear of, between two records of the same video. */
export function mediaChanges(before, after) {
  if (!before.media || !after.media) return [];
  const changes = [];
  if (!before.media.playable && after.media.playable) changes.push({ words: "ready to play", kind: "ready to play" });
  const isUnplayable = after.status === "unplayable";
  if (before.status !== after.status && isUnplayable) changes.push({ words: "cannot be played", isTrouble: true });
  const known = new Set((before.media.renditions ?? []).map((made) => made.name));
  for (const made of after.media.renditions ?? [])
    if (made.kind === "convert" && !known.has(made.name)) changes.push({ words: `${renditionName(made)} is made` });
  const earlier = new Map((before.media.jobs ?? []).map((job) => [job.id, job.state]));
  for (const job of after.media.jobs ?? [])
    // Of a file that cannot be played, that says it all.
    if (!(isUnplayable && job.kind !== "convert") && ENDED_BADLY.includes(job.state) && earlier.has(job.id) && earlier.get(job.id) !== job.state)
      changes.push({ words: `${jobName(job)} failed`, isTrouble: true });
  return changes;
}
