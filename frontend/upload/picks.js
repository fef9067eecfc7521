// What the browser hands over when files are dropped or chosen: files, folders, and handles that outlive the page.

/** {files: promises of {file, handle}, folders: entries}. All is asked before the first wait: then the browser empties it. */
export function picked(transfer) {
  const files = [];
  const folders = [];
  for (const item of [...transfer.items].filter(({ kind }) => kind === "file")) {
    const entry = item.webkitGetAsEntry?.();
    if (entry?.isDirectory) folders.push(entry);
    else if (item.getAsFile()) files.push(withHandle(item.getAsFile(), item.getAsFileSystemHandle?.()));
  }
  return { files, folders };
}

async function withHandle(file, handle) {
  try {
    return { file, handle: (await handle) ?? null };
  } catch {
    return { file };
  }
}

export async function filesIn(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    // The reader hands out at most a hundred entries each time.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    for (const inner of some) found.push(...(await filesIn(inner)));
  }
}

/** On phones the plain file field is better: it offers the camera and the gallery. */
export const hasPicker = () => "showOpenFilePicker" in window && matchMedia("(hover: hover) and (pointer: fine)").matches;

/** The browser's own dialogue, whose handles outlive the page. [] when nothing was chosen. */
export async function pickFiles(options) {
  try {
    const handles = await showOpenFilePicker({ id: "holdfast", ...options });
    return await Promise.all(handles.map(async (handle) => ({ file: await handle.getFile(), handle })));
  } catch (error) {
    if (error.name === "AbortError") return [];
    throw error;
  }
}
