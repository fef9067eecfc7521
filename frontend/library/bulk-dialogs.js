// What is asked before an act on the videos that are picked: tags, a hold, its release, a link.
import { HoldDialog } from "../holds/hold-dialog.js";
import { ReleaseDialog } from "../holds/release-dialog.js";
import { holdWords } from "../holds/words.js";
import { html } from "../html.js";
import { ShareDialog } from "../sharing/dialog.js";
import { record, titleOf } from "../videos/records.js";
import { count } from "../words/sizes.js";
import { hold, release } from "./acts.js";
import { TagDialog } from "./tag-dialog.js";

const FEW = 5;

/** `kind`: "tags" | "hold" | "release" | "share". */
export function BulkDialogs({ kind, ids, onClose }) {
  if (kind === "tags") return html`<${TagDialog} ids=${ids} onClose=${onClose} />`;
  if (kind === "hold") return html`<${HoldDialog} title=${`Hold ${named(ids)}`} isMany=${ids.length > 1} send=${(fields) => void hold(ids, fields)} onClose=${onClose} />`;
  if (kind === "release") return html`<${Release} ids=${ids} onClose=${onClose} />`;
  const video = record(ids[0]).value;
  return video && html`<${ShareDialog} video=${video} onClose=${onClose} />`;
}

const named = (ids) => (ids.length === 1 ? `“${titleOf(record(ids[0]).value ?? {})}”` : count(ids.length, "video"));

function Release({ ids, onClose }) {
  const ends = [...new Set(ids.flatMap((id) => (record(id).value?.holds ?? []).map(holdWords)))];
  const rest = ends.length - FEW;
  const lines = rest > 1 ? [...ends.slice(0, FEW), `And ${rest} other holds.`] : ends;
  const after = `All holds on ${named(ids)} end. Afterwards people may delete ${ids.length === 1 ? "it" : "them"}, and retention rules apply again.`;
  return html`<${ReleaseDialog} title=${`Release ${named(ids)}?`} lines=${lines} after=${after} send=${() => void release(ids)} onClose=${onClose} />`;
}
