// How files come in: by the file button, as a folder, from the clipboard, by a drop anywhere on the page.
import { signal } from "@preact/signals";
import { announce } from "../shell/announce.js";
import { limits, mayUpload } from "../server/session.js";
import { ending } from "../words/names.js";
import { count } from "../words/sizes.js";
import { add } from "./adding.js";
import { filesIn, picked } from "./picks.js";
import { words } from "./settings.js";

/** True while files are dragged over the page. */
export const dragging = signal(false);

/** `picks`: {file, handle}. */
export const take = (picks) => picks.length && add(picks, words());
const takeFiles = (files) => take(files.map((file) => ({ file })));

/** Files of a folder: what is no video there was hardly meant, so it is left out and counted. */
export function takeFolder(files) {
  const allowed = limits.peek().extensions;
  const fit = files.filter((file) => !allowed.length || allowed.includes(ending(file.name)));
  takeFiles(fit);
  if (fit.length < files.length) announce(`${count(files.length - fit.length, "file")} of the folder left out: no video or sound.`);
}

/** Follow drags, drops and pastes on the whole page; `onTaken` is called when files came. Returns the function that ends it. */
export function listen(onTaken) {
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
      if (!mayUpload.peek()) return;
      takeDrop(event.dataTransfer);
      onTaken();
    },
    paste(event) {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length || !mayUpload.peek()) return;
      event.preventDefault();
      takeFiles(files);
      onTaken();
    },
  };
  for (const [name, handle] of Object.entries(handlers)) document.addEventListener(name, handle);
  return () => {
    for (const [name, handle] of Object.entries(handlers)) document.removeEventListener(name, handle);
  };
}

async function takeDrop(transfer) {
  const { files, folders } = picked(transfer);
  take(await Promise.all(files));
  for (const folder of folders) takeFolder(await filesIn(folder));
}
