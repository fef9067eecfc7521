// What is said of copies in a Milestone VMS: it pulls what is offered to it, and keeps what is to be seen, never the file.
import { sentence } from "./states.js";
import { exact } from "./times.js";

const MILESTONE = "milestone";
export const isVms = ({ kind }) => kind === MILESTONE;

/** Said wherever a target of this kind is shown. */
export const AS_FAR_AS_KNOWN =
  "Holdfast implements Milestone\u2019s documented interface; it was not yet tried against a real VMS. Verified means that the VMS\u2019s own sequences cover the recording\u2019s time. It gets the picture alone, without sound. The original file and its SHA-256 cannot be had back from a VMS.";

/** What to see with one’s own VMS first: the README’s first steps, in few words. */
export const PILOT_STEPS = [
  "The device was added there.",
  "The clip is at the right time in the Smart Client.",
  "The copy becomes verified.",
  "The frames at its beginning and its end are there.",
  "A hold makes an evidence lock there, and its release removes it.",
  "Stop the worker, then the VMS, in the middle of one: nothing is there twice.",
  "Only then set STORAGE_MODE=MILESTONE; until then BOTH.",
];

/** Of a video whose file is gone for good: the copies by which it can still be watched in a VMS, or could be until its
 * retention passed; [] for any other video. */
export function footageOnly(video) {
  if (video?.status !== "remote-only") return [];
  const there = video.deliveries.filter(({ state, phase }) => state === "delivered" || phase === "ended");
  return there.every(isVms) ? there : [];
}

/** Why a video that names a camera does not go to the VMS by itself; "" for any other, and for what goes there. */
export function noRecording({ camera_id: camera, start_time: start, end_time: end, deliveries }, targets) {
  const vms = targets.find((target) => isVms(target) && target.required_of === "recordings");
  if (!vms || !camera || (start && end) || deliveries.some(isVms)) return "";
  const lacking = [!start && "start_time", !end && "end_time"].filter(Boolean).join(" and ");
  return `It does not go to ${vms.label || vms.name} by itself: it names a camera, but was sent without ${lacking}. Send it again with camera_id, start_time and end_time.`;
}

const areOver = (copies) => copies.every(({ phase }) => phase === "ended");

/** Where such a video is, in as few words as fit. */
export const vmsOnly = (copies) => (areOver(copies) ? "Ended in the VMS" : "In the VMS only");
/** The same in a sentence. */
export const vmsOnlyTold = (copies) =>
  areOver(copies) ? "The VMS had it until its retention passed. The original file cannot be had back." : "It can be watched in the VMS; the original file cannot be had back from there.";

/** Why there is nothing to play or to download, and where it can be watched. */
export function whereToWatch(copies, labelOf) {
  const places = copies.map(({ target, footage }) => `${labelOf(target)}${cameraOf(footage)}${spanOf(footage)}${endOf(footage)}`);
  const said = areOver(copies) ? "It was kept in the VMS only, and its retention there has passed" : "It is kept in the VMS only";
  return `${said}: ${sentence(places.join("; "))}${areOver(copies) ? "" : " Watch it there, without sound."} The original file and its SHA-256 cannot be had back from there.`;
}

const cameraOf = (footage) => (footage?.vms_camera_id ? `, camera ${footage.vms_camera_id}` : "");
const endOf = (footage) => (footage?.ended_at ? `, until ${exact(footage.ended_at)}` : "");
const spanOf = (footage) => (footage?.start && footage.end ? `, ${exact(footage.start)} to ${exact(footage.end)}` : "");
