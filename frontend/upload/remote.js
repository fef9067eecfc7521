// What is asked of the server about one upload besides sending it.
import { ANSWER_MS, get, OWN_PAGE, Problem } from "../server/api.js";
import { keep } from "../videos/records.js";
import { Upload } from "./tus.js";

/** The video that the upload became, as the server lists it, or null. Throws the Problem. */
export async function savedVideo(id) {
  const { videos } = await get(`/api/videos/list?${new URLSearchParams({ ids: id })}`);
  const video = videos.find((each) => each.id === id);
  if (!video?.checksum) return null;
  keep(video);
  return video;
}

/** How far an upload is: {bytes}, or null when the server has no such upload any more. Throws the Problem. */
export async function offsetOf(url) {
  let response;
  try {
    response = await fetch(url, {
      method: "HEAD",
      headers: { ...OWN_PAGE, "Tus-Resumable": "1.0.0" },
      cache: "no-store",
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  } catch {
    throw new Problem("", { status: 0 });
  }
  if (response.status === 404 || response.status === 410) return null;
  if (!response.ok) throw new Problem("", { status: response.status });
  return { bytes: Number(response.headers.get("Upload-Offset")) };
}

/** Have the server throw an unfinished upload away. Returns whether it is certain that nothing is left of it. */
export async function terminate(url) {
  try {
    await Upload.terminate(url, { headers: OWN_PAGE, retryDelays: null });
    return true;
  } catch (error) {
    return [403, 404, 410].includes(error.originalResponse?.getStatus());
  }
}
