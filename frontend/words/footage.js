// What is said of copies in a Milestone VMS: it pulls what is offered to it, and keeps what is to be seen, never the file.
import { sentence } from "./states.js";
import { exact } from "./times.js";

const MILESTONE = "milestone";
export const isVms = ({ kind }) => kind === MILESTONE;

/** Said wherever a target of this kind is shown. */
export const AS_FAR_AS_KNOWN =
  "Holdfast implements Milestone\u2019s documented interface; it was not yet tried against a real VMS. Verified means that the VMS\u2019s own sequences cover the recording\u2019s time. The original file and its SHA-256 cannot be had back from a VMS.";

/** The verified copies by which a video whose file is gone for good can still be watched; [] for any other video. */
export function footageOnly(video) {
  if (video?.status !== "remote-only") return [];
  const there = video.deliveries.filter(({ state }) => state === "delivered");
  return there.every(isVms) ? there : [];
}

/** Why there is nothing to play or to download, and where it can be watched. */
export function whereToWatch(copies, labelOf) {
  const places = copies.map(({ target, footage }) => `${labelOf(target)}${cameraOf(footage)}${spanOf(footage)}`);
  return `It is kept in the VMS only: ${sentence(places.join("; "))} Watch it there. The original file and its SHA-256 cannot be had back from there.`;
}

const cameraOf = (footage) => (footage?.vms_camera_id ? `, camera ${footage.vms_camera_id}` : "");
const spanOf = (footage) => (footage?.start && footage.end ? `, ${exact(footage.start)} to ${exact(footage.end)}` : "");
