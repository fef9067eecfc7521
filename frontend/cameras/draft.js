// The export that is being written: kept until it is ordered, so that nothing typed is lost by closing the dialogue.
import { effect, signal } from "@preact/signals";
import { mayUpload, session } from "../server/session.js";
import { announce } from "../shell/announce.js";
import { mark, ticked } from "./chosen.js";
import { cameraIds } from "./known.js";
import { isoOf } from "./moments.js";

const EMPTY = { reason: "", format: "mp4", cut: "fast", layout: "files", slate: false, incomplete: "fail", keep: "" };

export const draft = signal(EMPTY);
/** Whether the dialogue is open. */
export const isExporting = signal(false);

export const change = (changes) => (draft.value = { ...draft.peek(), ...changes });

/** Ticked cameras in the order of the lanes; one that is not known (any more) is none. */
export const order = (ids) => cameraIds.value.filter((id) => ids.includes(id));

export function openExport() {
  if (!mayUpload.peek()) return;
  if (!mark.peek() || !order(ticked.peek()).length) {
    announce(mark.peek() ? "Choose at least one camera first." : "Mark a range first.", { isAnswer: true });
    return;
  }
  isExporting.value = true;
}

/** The draft as the server takes it: what does not go together is left out. */
export function bodyOf(written, range, ids) {
  const isGrid = written.layout === "grid" && ids.length > 1;
  const cut = isGrid ? "exact" : written.cut;
  return {
    camera_ids: ids,
    start_time: isoOf(range.from),
    end_time: isoOf(range.to),
    format: written.format,
    reason: written.reason.trim(),
    cut,
    layout: isGrid ? "grid" : "files",
    slate: cut === "exact" && written.slate,
    incomplete: written.incomplete,
    ...(written.keep ? { keep_hours: Number(written.keep) } : {}),
  };
}

/** After one was ordered the next begins with the same choices, but its own reason. */
export const finish = () => {
  change({ reason: "" });
  isExporting.value = false;
};

effect(() => {
  if (session.value !== null) return;
  draft.value = EMPTY;
  isExporting.value = false;
});
