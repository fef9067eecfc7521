// One try at moving a file: create the upload or ask how far it is, then send the rest. Judges nothing, repeats nothing.
import { OWN_PAGE, problemFrom, readJson } from "../server/api.js";
import { found, online, probe } from "../server/reach.js";
import { SpeedMeter } from "./speed.js";
import { Upload } from "./tus.js";

/** Without a byte moving for this long the connection counts as lost, even if nobody said so. */
const STALLED_SECONDS = 20;
/** Then the server is asked whether it is there at all: a line may break without a word. */
const DOUBTFUL_SECONDS = 6;
/** How long to wait while the server is known to be out of reach. */
const STALLED_OFFLINE_SECONDS = 4;
/** How long the server may take to save once it has every byte; then it is asked how far it is. */
const SAVING_SECONDS = 120;

/**
 * `url` is that of an upload that was begun, or "". `pieceBytes` is the most one request may carry.
 * `onBegun(url, words)` hears of a new upload before its first byte is sent; `onProgress({bytes, bytesPerSecond})` and
 * `onSent()` tell the way. Returns {outcome, stop}: outcome resolves to {kind: "taken"}, {kind: "lost"},
 * {kind: "stopped"} or {kind: "refused", problem}, and never rejects.
 */
export function attempt({ file, url, metadata, words, pieceBytes, onBegun, onProgress, onSent }) {
  const meter = new SpeedMeter();
  const watch = new Watch(() => end({ kind: "lost" }));
  let settle;
  const outcome = new Promise((resolve) => (settle = resolve));
  let isBeginning = !url;
  const end = (result) => {
    watch.end();
    settle(result);
    // An upload on its way into being is waited for: cut off, it would lie on the server unknown.
    if (result.kind !== "stopped" || !isBeginning) upload.abort();
  };
  const upload = new Upload(file, {
    // Without an endpoint the client cannot begin anew, which it would on any failed HEAD, a proxy's 502 included.
    ...(url ? { uploadUrl: url } : { endpoint: "/files/" }),
    metadata,
    headers: OWN_PAGE,
    chunkSize: pieceBytes,
    retryDelays: null,
    storeFingerprintForResuming: false,
    onBeforeRequest(request) {
      // Stopped before its first request: the client itself would forget that.
      if (watch.hasEnded && !isBeginning) throw new Error("stopped");
      request.getUnderlyingObject().setRequestHeader("Accept", "application/json");
    },
    onAfterResponse: found,
    onUploadUrlAvailable() {
      // The same address as the page's, whatever a proxy makes of the server's own idea of it.
      upload.url = new URL(upload.url, location.href).pathname;
      if (url) return;
      isBeginning = false;
      onBegun(upload.url, words);
      if (watch.hasEnded) upload.abort();
    },
    onProgress(bytes) {
      watch.moved(bytes);
      meter.note(bytes);
      onProgress({ bytes, bytesPerSecond: meter.bytesPerSecond });
      if (bytes < file.size) return;
      watch.patience = SAVING_SECONDS;
      onSent();
    },
    onSuccess: () => end({ kind: "taken" }),
    onError: (error) => end(read(error)),
  });
  upload.start();
  return { outcome, stop: () => end({ kind: "stopped" }) };
}

function read({ originalResponse: response }) {
  const status = response?.getStatus() ?? 0;
  if (!status) return { kind: "lost" };
  const answer = readJson(response.getBody());
  return { kind: "refused", problem: problemFrom(status, answer, response.getHeader("Retry-After")) };
}

/** Calls `onStill` once nothing has moved for too long. */
class Watch {
  patience = STALLED_SECONDS;
  hasEnded = false;
  #bytes = -1;
  #at = Date.now();
  #doubtedAt = null;
  #timer;

  constructor(onStill) {
    this.#timer = setInterval(() => {
      const still = (Date.now() - this.#at) / 1000;
      const patience = online.peek() ? this.patience : STALLED_OFFLINE_SECONDS;
      if (still > patience) onStill();
      else if (still > DOUBTFUL_SECONDS && this.#doubtedAt !== this.#at) this.#doubt();
    }, 1000);
  }

  #doubt() {
    this.#doubtedAt = this.#at;
    if (online.peek()) probe();
  }

  moved(bytes) {
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#at = Date.now();
  }

  end() {
    this.hasEnded = true;
    clearInterval(this.#timer);
  }
}
