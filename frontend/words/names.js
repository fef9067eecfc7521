// Names of files and videos as they are shown: nothing in them may turn the line around or hide.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** The name with control and direction characters made visible, so that `exe.4pm` cannot pose as `.mp4`. */
export const shown = (name) => (name ?? "").replace(HIDDEN, "\ufffd");

/** The ending in lower case, without the dot; "" when there is none. */
export function ending(name) {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : "";
}

export const listOf = (words, last = "or") =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;
