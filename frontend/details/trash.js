// To the trash, and back from it: operators only. What somebody holds stays, and says who and why.
import { heldWords, isHeld } from "../holds/words.js";
import { html } from "../html.js";
import { announce } from "../shell/announce.js";
import { mayOperate } from "../server/session.js";
import { Leaves } from "../trash/leaves.js";
import { titleOf } from "../videos/records.js";
import { ActButton } from "./act-button.js";
import { outOfTrash, thrownHere, toTrash } from "./acts.js";

export function Trash({ video, onTrashed, onRestored }) {
  const away = async () => {
    if (!(await toTrash(video.id))) return announce(`${titleOf(video)}: held, so it stays.`, { isAnswer: true });
    announce(`${titleOf(video)}: moved to the trash.`);
    return onTrashed?.(video.id);
  };
  const back = async () => {
    await outOfTrash(video.id);
    announce(`${titleOf(video)}: taken out of the trash.`);
    onRestored?.(video.id);
  };
  if (video.status === "trashed")
    return html`
      <div class="note tone-needs details-trashed" data-trashed>
        <p>This video is in the trash. <${Leaves} video=${video} />.</p>
        ${mayOperate.value && html`<${ActButton} act=${back} icon="undo">${thrownHere.has(video.id) ? "Undo" : "Restore"}<//>`}
      </div>
    `;
  if (!mayOperate.value) return null;
  if (isHeld(video)) return html`<p class="details-foot held-note soft" data-held-note>It cannot be moved to the trash. <bdi>${heldWords(video)}</bdi></p>`;
  return html`<p class="details-foot"><${ActButton} act=${away} icon="trash" className="danger">Move to trash<//></p>`;
}
