// The states of a video as filters and as words: what keeps it from having a picture, and where its bytes are.
import { footageOnly, vmsOnly, vmsOnlyTold } from "../words/footage.js";

/** `video:` is what the server calls status, `copy:` a state of at least one copy (or the trash). */
export const STATES = {
  "video:ready": "Ready to play",
  "video:processing": "Being prepared",
  "video:unplayable": "Cannot be played",
  "video:no-media-tools": "Waiting for media tools",
  "video:remote-only": "On targets only",
  "copy:pending": "A copy waits",
  "copy:in_progress": "A copy is moving",
  "copy:pending,in_progress": "A copy is on its way",
  "copy:pending,in_progress,parked,damaged": "A copy is not verified yet",
  "copy:delivered": "A copy is verified",
  "copy:parked": "A copy needs somebody",
  "copy:failed": "A copy failed",
  "copy:damaged": "A copy is damaged",
  "copy:trashed": "In the trash",
};

export const GROUPS = [
  ["Video", Object.keys(STATES).filter((state) => state.startsWith("video:"))],
  ["Copies", Object.keys(STATES).filter((state) => state.startsWith("copy:") && state !== "copy:trashed")],
  ["Trash", ["copy:trashed"]],
];

export const nameOfState = (state) => STATES[state] ?? "";

const SOUND = /^audio\//;
const isSound = (video) => SOUND.test(video.mime_type ?? "");

/** What stands where the picture should be: {icon, words, tone}. Only for a video without one. */
export function whyNoPicture(video) {
  switch (video.status) {
    case "processing":
      return { icon: "clock", words: "Its picture is being made", tone: "moving" };
    case "no-media-tools":
      return { icon: "clock", words: "No picture: the server has no media tools", tone: "waiting" };
    case "unplayable":
      return { icon: "broken", words: "Cannot be played", tone: "needs" };
    default:
      return isSound(video) ? { icon: "sound", words: "Sound", tone: "waiting" } : { icon: "film", words: "No picture", tone: "waiting" };
  }
}

/** The word for a video that is not simply there and playable: {shape, word, tone}, or null. */
export function statusMark(video) {
  switch (video.status) {
    case "processing":
      return { shape: "moving", word: "Being prepared", tone: "moving", title: "Pictures and facts are being made. The video is saved." };
    case "unplayable":
      return { shape: "needs", word: "Cannot be played", tone: "needs", title: video.media?.reason ?? "" };
    case "no-media-tools":
      return { shape: "waiting", word: "No media tools", tone: "waiting", title: "The server has no ffmpeg. The video is saved; its pictures come when ffmpeg is there." };
    case "remote-only":
      return awayMark(footageOnly(video));
    case "trashed":
      return { shape: "none", word: "In the trash", tone: "waiting", title: "" };
    default:
      return null;
  }
}

function awayMark(copies) {
  if (copies.length) return { shape: "none", word: vmsOnly(copies), tone: "waiting", title: vmsOnlyTold(copies) };
  return { shape: "none", word: "On targets only", tone: "waiting", title: "Removed from the server's disk on purpose; fetched back when it is needed." };
}
