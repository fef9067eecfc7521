// The links to one video: asked for, made, revoked. Each throws the Problem.
import { call, get, post } from "../server/api.js";
import { pathOf } from "../videos/records.js";

const HOUR_MS = 3_600_000;

export const sharesOf = async (id) => (await get(`${pathOf(id)}/share`)).shares;

/** `end`: an ISO instant. The link opens at least until then, to the full hour. */
export async function makeShare(id, { end, label, mayDownload }) {
  const hours = Math.max(1, Math.ceil((Date.parse(end) - Date.now()) / HOUR_MS));
  const { share } = await post(`${pathOf(id)}/share`, { expires_in_hours: hours, label, may_download: mayDownload });
  return share;
}

export const revokeShare = (id, shareId) => call("DELETE", `${pathOf(id)}/share/${encodeURIComponent(shareId)}`);

/** The link as whoever gets it has to write it. */
export const wholeLink = (url) => new URL(url, location.origin).href;
