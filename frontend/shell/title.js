// The name of the tab: how far the upload is, for those who look elsewhere meanwhile; else where one is.
import { computed, effect, signal } from "@preact/signals";
import { session } from "../server/session.js";
import { shareSent } from "../upload/sent-share.js";
import { isCameras, isOperations, isUpload } from "./route.js";

/** The title of the open video, or "". */
export const openTitle = signal("");

const where = computed(() => {
  if (!session.value) return "";
  if (isUpload.value) return "Upload";
  if (isCameras.value) return "Cameras";
  if (isOperations.value) return "Operations";
  return openTitle.value || "Library";
});

export function startTitle() {
  effect(() => {
    const sent = session.value ? shareSent.value : null;
    document.title = [sent === null ? where.value : `${sent} % sent`, "Holdfast"].filter(Boolean).join(" · ");
  });
}
