// Knows a file again: the SHA-256 of its first and last MiB, with its size. Reads no more of it than that.
import { sha256 } from "./sha256.js";

const SAMPLE_BYTES = 1024 * 1024;

/** Hex digest of both ends of `file`; throws when the browser can no longer read it. */
export async function sampleOf(file) {
  const ends = file.size > 2 * SAMPLE_BYTES ? [file.slice(0, SAMPLE_BYTES), file.slice(-SAMPLE_BYTES)] : [file];
  const bytes = new Uint8Array(await new Blob(ends).arrayBuffer());
  const digest = crypto.subtle ? new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)) : sha256(bytes);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
