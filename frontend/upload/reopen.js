// Gets at a file's bytes again after a reload: from the copy of a small one, or by the handle the browser gave.
import { isSame } from "./same.js";
import { copyOf } from "./store.js";

/** The file, or null when only a person can choose it. `mayAsk`: the browser may ask, a button was just pressed. */
export async function reopen(item, { mayAsk = false } = {}) {
  const copy = item.isCopied && (await copyOf(item.id));
  if (copy) return new File([copy], item.name, { lastModified: item.lastModified });
  const handle = item.handle.peek();
  if (!handle) return null;
  try {
    const ask = mayAsk ? "requestPermission" : "queryPermission";
    if ((await handle[ask]?.({ mode: "read" })) === "denied") return null;
    if ((await handle.queryPermission?.({ mode: "read" })) === "prompt") return null;
    const file = await handle.getFile();
    if (await isSame(item, file)) return file;
  } catch {
    // Moved, renamed, or on a disk that is not there now.
  }
  item.handle.value = null;
  return null;
}
