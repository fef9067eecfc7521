// What the player plays of a video: the file itself, a copy made for browsers, or nothing yet.
import { pathOf } from "../videos/records.js";
import { footageOnly } from "../words/footage.js";
import { versioned } from "./storyboard.js";

/** {url, isSound, isFar}: where the bytes are, or null. `isFar`: the server must fetch them back from a target first. */
export function sourceOf(video) {
  const url = addressOf(video);
  return url && { url, isSound: isSound(video), isFar: video.status === "remote-only" };
}

function addressOf(video) {
  const { id, media } = video;
  if (media?.playable === "content") return footageOnly(video).length ? null : `${pathOf(id)}/content`;
  return media?.playable === "browser" ? (browserCopy(media)?.url ?? null) : null;
}

const browserCopy = (media) => media.renditions?.find((made) => made.kind === "browser");

/** Whether there is only something to hear. */
export function isSound({ media, mime_type: type }) {
  return media?.facts ? !media.facts.video_codec : (type ?? "").startsWith("audio/");
}

/** Width divided by height as it is shown; known before a byte of the video has come, so that nothing jumps. */
export function aspectOf({ media }) {
  const known = [media?.facts, media?.thumbnail].find((each) => each?.width > 0 && each?.height > 0);
  return known ? known.width / known.height : 16 / 9;
}

export const hasPicture = (video) => Boolean(video.media?.thumbnail);
export const pictureOf = (video) => versioned(`${pathOf(video.id)}/thumbnail`, video.media.thumbnail);
export const framesPerSecond = (video) => video.media?.facts?.fps || 25;
