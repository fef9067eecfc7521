// One file on its way through the form door: a single XMLHttpRequest, because fetch tells no progress.
import { OWN_PAGE, problemFrom, readJson } from "../server/api.js";
import { SpeedMeter } from "./speed.js";

/** Without a byte moving for this long the connection counts as lost, even if nobody said so. */
const STALLED_SECONDS = 90;

/**
 * Send `file` with its text `fields`. `onProgress({bytes, bytesPerSecond})` and `onSent()` tell the way.
 * Returns {outcome, cancel}: outcome resolves to {kind: "saved", answer}, {kind: "refused", problem},
 * {kind: "lost"} or {kind: "cancelled"}, and never rejects.
 */
export function transfer({ file, fields, key, onProgress, onSent }) {
  const request = new XMLHttpRequest();
  const meter = new SpeedMeter();
  let stallTimer = null;
  let settle;
  const outcome = new Promise((resolve) => (settle = resolve));
  const finish = (result) => {
    clearTimeout(stallTimer);
    settle(result);
  };
  const watchStall = () => {
    clearTimeout(stallTimer);
    stallTimer = setTimeout(() => {
      finish({ kind: "lost" });
      request.abort();
    }, STALLED_SECONDS * 1000);
  };

  request.upload.addEventListener("progress", (event) => {
    watchStall();
    // The body is a little longer than the file: its share is what counts.
    const bytes = event.lengthComputable ? Math.min(1, event.loaded / event.total) * file.size : event.loaded;
    meter.note(bytes);
    onProgress({ bytes, bytesPerSecond: meter.bytesPerSecond });
  });
  request.upload.addEventListener("load", () => {
    // From here the server hashes and syncs; how long that takes is its own affair.
    clearTimeout(stallTimer);
    onSent();
  });
  request.addEventListener("load", () => finish(read(request)));
  request.addEventListener("error", () => finish({ kind: "lost" }));
  request.addEventListener("abort", () => finish({ kind: "cancelled" }));

  request.open("POST", "/api/upload-video");
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("Idempotency-Key", key);
  for (const [name, value] of Object.entries(OWN_PAGE)) request.setRequestHeader(name, value);
  watchStall();
  request.send(form(file, fields));
  return { outcome, cancel: () => request.abort() };
}

function form(file, fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value) body.append(name, value);
  // Last, so that the server can refuse the words before it takes the bytes.
  body.append("video", file, file.name);
  return body;
}

function read(request) {
  const answer = readJson(request.responseText);
  // 202 tells of a first Drive attempt that failed: the video is saved all the same.
  const saved = request.status >= 200 && request.status < 300 && (answer?.video_id || answer?.local_backup);
  if (saved) return { kind: "saved", answer };
  return { kind: "refused", problem: problemFrom(request.status, answer, request.getResponseHeader("Retry-After")) };
}
