// Holding one video and letting it go. Each throws the Problem.
import { call, get, post } from "../server/api.js";
import { keep, pathOf } from "../videos/records.js";

const renew = async (id) => keep((await get(pathOf(id))).video);

/** `until`: an ISO instant, or null for no end. */
export async function holdOne(id, { reason, until }) {
  await post(`${pathOf(id)}/hold`, { reason, until });
  await renew(id);
}

export async function releaseOne(id, holdId) {
  await call("DELETE", `${pathOf(id)}/hold/${encodeURIComponent(holdId)}`);
  await renew(id);
}
