// A hold in words: who keeps the video, until when, and why.
import { longDay } from "../words/days.js";
import { listOf, shown } from "../words/names.js";
import { sentence } from "../words/states.js";

export const isHeld = (video) => (video?.holds ?? []).length > 0;

/** "until 3 March 2027", or how else it ends. */
export const endWords = ({ until_at: until }) => (until ? `until ${longDay(until)}` : "until somebody releases it");

/** "Held by Anna until 3 March 2027: Court case 17/26." */
export const holdWords = (hold) => `Held by ${shown(hold.owner) || "somebody"} ${endWords(hold)}: ${sentence(shown(hold.reason))}`;

/** All holds of a video in one go, for a tooltip or a reason. */
export const heldWords = (video) => (video.holds ?? []).map(holdWords).join(" ");

/** "Anna", "Anna and Ben": whoever holds it, each once. */
export const owners = (video) => listOf([...new Set((video.holds ?? []).map(({ owner }) => shown(owner) || "somebody"))], "and");
