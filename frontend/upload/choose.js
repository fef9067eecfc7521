// How files come in: the file button, a folder, the clipboard, a drop anywhere on the page.
import { signal } from "@preact/signals";
import { announce } from "../shell/announce.js";
import { limits, mayUpload } from "../server/session.js";
import { ending } from "../words/names.js";
import { count } from "../words/sizes.js";
import { add } from "./queue.js";
import { words } from "./settings.js";

/** True while files are dragged over the page. */
export const dragging = signal(false);

export const takeFiles = (files) => files.length && add(files, words());

/** Files of a folder: what is no video there was hardly meant, so it is left out and counted. */
export function takeFolder(files) {
  const allowed = limits.peek().extensions;
  const fit = files.filter((file) => !allowed.length || allowed.includes(ending(file.name)));
  takeFiles(fit);
  if (fit.length < files.length) announce(`${count(files.length - fit.length, "file")} of the folder left out: no video or sound.`);
}

/** Follow drags, drops and pastes on the whole page. Returns the function that ends it. */
export function listen() {
  let depth = 0;
  const carriesFiles = (event) => mayUpload.peek() && event.dataTransfer?.types.includes("Files");
  const handlers = {
    dragenter(event) {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth += 1;
      dragging.value = true;
    },
    dragover(event) {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
    },
    dragleave(event) {
      if (!carriesFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) dragging.value = false;
    },
    drop(event) {
      if (!event.dataTransfer?.types.includes("Files")) return;
      // Whoever may not upload still must not lose the page to the file.
      event.preventDefault();
      depth = 0;
      dragging.value = false;
      if (mayUpload.peek()) takeDrop(event.dataTransfer);
    },
    paste(event) {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length || !mayUpload.peek()) return;
      event.preventDefault();
      takeFiles(files);
    },
  };
  for (const [name, handle] of Object.entries(handlers)) document.addEventListener(name, handle);
  return () => {
    for (const [name, handle] of Object.entries(handlers)) document.removeEventListener(name, handle);
  };
}

async function takeDrop(transfer) {
  // Entries and files must be taken before the first await: the browser empties the transfer then.
  const plain = [];
  const folders = [];
  for (const item of [...transfer.items].filter((item) => item.kind === "file")) {
    const entry = item.webkitGetAsEntry?.();
    if (entry?.isDirectory) folders.push(entry);
    else plain.push(item.getAsFile());
  }
  takeFiles(plain.filter(Boolean));
  for (const folder of folders) takeFolder(await filesIn(folder));
}

async function filesIn(entry) {
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
