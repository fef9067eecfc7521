// Whether a file is the one that an item of the queue was made of.
import { sampleOf } from "./sample.js";

/** By size and both ends' digest; before anything was sent there is no digest, and its name and date must do. */
export async function isSame(item, file) {
  if (file.size !== item.size) return false;
  if (!item.sample) return file.name === item.name && file.lastModified === item.lastModified;
  try {
    return (await sampleOf(file)) === item.sample;
  } catch {
    return false;
  }
}

/** Whether this very file, sent to the same project, stands in the queue already. */
export const isTwice = (item, file, project) =>
  item.name === file.name && item.size === file.size && item.lastModified === file.lastModified && item.project === project;
