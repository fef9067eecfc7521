// What can be refused before a byte is sent: said with the file, the limit and the remedy, as the server would.
import { ending, listOf, shown } from "../words/names.js";
import { size } from "../words/sizes.js";

/** Words when `file` can never be taken under `limits`, else "". */
export function refusal(file, limits) {
  const name = `“${shown(file.name)}”`;
  const allowed = limits.extensions;
  const kind = ending(file.name);
  // A name without an ending is for the server to judge, by the content.
  if (kind && allowed.length && !allowed.includes(kind)) {
    return `${name} is a .${shown(kind)} file; this server takes ${listOf(allowed)}. Convert it, or ask an operator to add the ending to ALLOWED_EXTENSIONS.`;
  }
  if (file.size === 0) return `${name} is empty: it holds 0 bytes. Check that the recording was finished, then choose it again.`;
  if (file.size > limits.max_bytes) {
    const limit = size(limits.max_bytes, { plain: true });
    return `${name} is ${size(file.size)}; this server takes up to ${limit}. Cut it, or ask an operator to raise UPLOAD_MAX_SIZE.`;
  }
  return "";
}

/** Whether the browser can still read the file: it fails once the file was moved, changed or unplugged. */
export async function stillReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
