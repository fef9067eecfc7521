// What can be asked of the server about one video, beyond its words. Each throws the Problem.
import { call, get, post } from "../server/api.js";
import { gone } from "../videos/gone.js";
import { adopt } from "../videos/list.js";
import { keep, pathOf } from "../videos/records.js";

/** Ask for the video anew. */
export async function renew(id) {
  keep((await get(pathOf(id))).video);
}

export async function convert(id, format, heights) {
  await post(`${pathOf(id)}/conversions`, { format, heights });
  await renew(id);
}

export async function retryJob(id, job) {
  await post(`${pathOf(id)}/jobs/${job.id}/retry`);
  await renew(id);
}

/** Stop a job; of one that is done, the files go. */
export async function dropJob(id, job) {
  await call("DELETE", `${pathOf(id)}/jobs/${job.id}`);
  await renew(id);
}

export const historyOf = async (id) => (await get(`${pathOf(id)}/history`)).history;

/** Those that went to the trash from here: bringing them back is an undo. */
export const thrownHere = new Set();

/** Resolves to whether it went: what somebody holds stays. */
export async function toTrash(id) {
  try {
    await call("DELETE", pathOf(id));
  } catch (problem) {
    if (problem.code !== "held") throw problem;
    await renew(id);
    return false;
  }
  thrownHere.add(id);
  gone([id]);
  await renew(id);
  return true;
}

export async function outOfTrash(id) {
  keep((await post(`${pathOf(id)}/restore-from-trash`)).video);
  thrownHere.delete(id);
  await adopt(id);
}
