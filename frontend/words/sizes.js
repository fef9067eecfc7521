// Sizes, speeds and digests in words. 1 GB is 1024³ bytes here, as in the server's limits.
const STEPS = ["bytes", "KB", "MB", "GB", "TB", "PB"];

/** "840 MB", "1.2 GB", "20 GB": one decimal below a hundred, none where it would be zero and `plain` is set. */
export function size(bytes, { plain = false } = {}) {
  if (!Number.isFinite(bytes)) return "an unknown size";
  let step = 0;
  let value = bytes;
  while (value >= 1000 && step < STEPS.length - 1) {
    value /= 1024;
    step += 1;
  }
  if (step === 0) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  const whole = step === 1 || value >= 100 || (plain && Math.abs(value - Math.round(value)) < 0.05);
  return `${value.toFixed(whole ? 0 : 1)} ${STEPS[step]}`;
}

export function speed(bytesPerSecond) {
  const mib = bytesPerSecond / 1024 ** 2;
  if (mib >= 1000) return `${(mib / 1024).toFixed(1)} GB/s`;
  if (mib >= 10) return `${mib.toFixed(0)} MB/s`;
  if (mib >= 0.1) return `${mib.toFixed(1)} MB/s`;
  return `${Math.max(0, bytesPerSecond / 1024).toFixed(0)} KB/s`;
}

export const percent = (part, whole) => (whole > 0 ? Math.min(100, Math.floor((part / whole) * 100)) : 0);

/** The 64 hex digits out of "sha256:<hex>" or a bare digest. */
export const digestOf = (video) => (video?.sha256 || video?.checksum || "").replace(/^sha256:/, "");
export const shortDigest = (digest) => digest.slice(0, 8);

export const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en-GB")} ${number === 1 ? one : many}`;
