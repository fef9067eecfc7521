// One export: its state, why and by whom, what was given against what was asked, and what can be done.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { minute } from "../clock.js";
import { Act, Found } from "../operations/act.js";
import { Ago } from "../parts/ago.js";
import { Digest } from "../parts/digest.js";
import { Icon } from "../parts/icons.js";
import { Shape } from "../parts/state-mark.js";
import { post } from "../server/api.js";
import { mayOperate, mayUpload, session, targetLabel } from "../server/session.js";
import { shown } from "../words/names.js";
import { size } from "../words/sizes.js";
import { sentence } from "../words/states.js";
import { exact, until } from "../words/times.js";
import { Findings, hasTrouble } from "./findings.js";
import { boundsWords, deliveryMark, isIncomplete, mannerWords, markOf } from "./export-words.js";
import { exports } from "./exports-known.js";
import { nameById } from "./known.js";
import { lengthWords, msOf, stretchWords, utcWords } from "./moments.js";

const pathOf = ({ id }) => `/api/v1/storage/exports/${encodeURIComponent(id)}`;
export const titleOf = ({ reason, id }) => shown(reason) || `Export ${id.slice(0, 8)}`;

export function ExportRow({ told, ask }) {
  const found = useSignal(null);
  const mark = markOf(told);
  const [from, to] = [msOf(told.start_time), msOf(told.end_time)];
  return html`
    <li class="row export" data-export=${told.id} data-status=${told.status}>
      <p class=${`state-mark figures tone-${mark.tone}`}><${Shape} shape=${mark.shape} share=${mark.share ?? 0} />${" "}${mark.word}</p>
      <div class="export-what">
        <h3><bdi>${titleOf(told)}</bdi></h3>
        <p><bdi>${told.camera_ids.map(nameById).join(" · ")}</bdi></p>
        <p class="figures"><span title=${`${utcWords(from)} – ${utcWords(to)}`}>${stretchWords(from, to)}</span> <span class="soft">· ${lengthWords(to - from)} · ${mannerWords(told)}</span></p>
        <p class="soft">${told.created_by && html`by <bdi>${shown(told.created_by)}</bdi>, `}<${Ago} at=${told.created_at} /></p>
        ${told.status === "PROCESSING" && html`<p class="export-progress"><progress class="bar" max="100" value=${mark.share} aria-label=${`Making ${titleOf(told)}`} /><span class="soft" data-phase>${phaseWords(told)}</span></p>`}
        <${Why} told=${told} />
        ${told.bounds.filter(({ given }) => !given).map(({ camera_id: id }) => html`<p key=${id} class="tone-needs" data-empty><bdi>${nameById(id)}</bdi>: nothing recorded then</p>`)}
        ${told.status === "COMPLETED" && html`<${Result} told=${told} />`}
        ${(told.bounds.length > 0 || hasTrouble(told)) && html`<${Findings} told=${told} />`}
        <div class="export-acts"><${Acts} told=${told} found=${found} ask=${ask} /></div>
        <${Found} found=${found} />
      </div>
    </li>
  `;
}

const phaseWords = ({ phase }) => sentence(phase ? phase.charAt(0).toUpperCase() + phase.slice(1) : "Starting");

function Why({ told }) {
  const { status, error, partial, expires_at: at, removed_by: by, removed_at: gone } = told;
  if (status === "FAILED") return html`<p class=${`note tone-${isIncomplete(told) ? "needs" : "failed"}`} data-why><span>${sentence(error) || "It could not be made, and no reason was told."}</span></p>`;
  if (status === "PENDING" && error) return html`<p class="note soft" data-why><span>${sentence(error)} It is tried again by itself.</span></p>`;
  if (status === "EXPIRED" && by) return html`<p class="soft" data-why>Removed by <bdi>${shown(by)}</bdi>${gone && `, ${exact(gone)}`}. Order it again to have it once more.</p>`;
  if (status === "EXPIRED") return html`<p class="soft">Its file was removed${at ? ` when its time was over, ${exact(at)}` : ""}. Order it again to have it once more.</p>`;
  if (status === "COMPLETED" && partial) return html`<p class="note tone-needs" data-why><span>This is not all that was asked for: parts could not be had. They are named below and in the manifest.</span></p>`;
  return null;
}

function Result({ told }) {
  const { file_size: bytes, checksum, expires_at: expires, delivery, bounds } = told;
  const differs = bounds.map(boundsWords).some((words) => words !== "exactly as asked");
  const copy = delivery && deliveryMark(delivery);
  return html`
    <dl class="export-facts">
      <div><dt>Size</dt><dd class="figures">${size(bytes)}</dd></div>
      <div><dt>SHA-256</dt><dd><${Digest} digest=${(checksum ?? "").replace(/^sha256:/, "")} of=${titleOf(told)} /></dd></div>
      <div><dt>Bounds</dt><dd>${differs ? (bounds.length === 1 ? boundsWords(bounds[0]) : "not quite as asked, see below") : "exactly as asked"}</dd></div>
      ${expires && html`<div><dt>Removed</dt><dd><time dateTime=${expires} title=${exact(expires)}>${until(expires, minute.value)}</time></dd></div>`}
      ${copy && html`<div><dt>Copy on ${targetLabel(delivery.target)}</dt><dd class=${`state-mark tone-${copy.tone}`}><${Shape} shape=${copy.shape} share=${copy.share ?? 0} />${" "}${copy.word}${delivery.error && html`<span class="export-copy-error soft"> ${sentence(delivery.error)}</span>`}</dd></div>`}
    </dl>
  `;
}

/** Buttons only for what the server grants: one's own, or everybody's to operators. */
const isMine = ({ created_by: by }) => mayOperate.value || (mayUpload.value && by === session.value?.user?.name);

function Acts({ told, found, ask }) {
  const name = titleOf(told);
  const path = pathOf(told);
  const mine = isMine(told);
  const act = (verb, words) => async () => {
    await post(`${path}/${verb}`);
    await exports.ask();
    return words;
  };
  const isBroken = ["FAILED", "CANCELLED"].includes(told.status);
  return html`
    ${told.status === "COMPLETED" && html`
      <a class="button small" href=${`${path}/download`} download=${told.filename ?? ""} aria-label=${`Download ${name}`}><${Icon} name="download" />Download</a>
      <button type="button" class="button small" aria-haspopup="dialog" aria-label=${`Manifest of ${name}`} onClick=${() => ask("manifest")}><${Icon} name="receipt" />Manifest</button>
    `}
    ${mine && ["PENDING", "PROCESSING"].includes(told.status) && html`<${Act} act=${act("cancel", `${name} is cancelled.`)} found=${found} icon="close" says="Cancel" busySays="Cancelling…" name=${`Cancel ${name}`} />`}
    ${mine && isBroken && html`<${Act} act=${act("retry", `${name} is tried again.`)} found=${found} icon="retry" says="Retry" busySays="Retrying…" name=${`Retry ${name}`} />`}
    ${mine && told.status === "COMPLETED" && told.delivery?.state === "failed" && html`<${Act} act=${act("retry", "The copy is sent again.")} found=${found} icon="retry" says="Send the copy again" busySays="Sending…" name=${`Send the copy of ${name} again`} />`}
    ${mayUpload.value && told.status === "EXPIRED" && html`<${Act} act=${() => orderAgain(told, told.incomplete)} found=${found} icon="retry" says="Make it again" busySays="Ordering…" name=${`Make ${name} again`} />`}
    ${mayUpload.value && isIncomplete(told) && html`<${Act} act=${() => orderAgain(told, "partial")} found=${found} says="Give what there is" busySays="Ordering…" name=${`Give what there is of ${name}`} />`}
    ${mine && !["PENDING", "PROCESSING"].includes(told.status) && html`<button type="button" class="button small" aria-haspopup="dialog" aria-label=${`Remove ${name}`} onClick=${() => ask("remove")}><${Icon} name="trash" />Remove</button>`}
  `;
}

/** The same once more, as an export of its own. */
async function orderAgain({ camera_ids, start_time, end_time, format, reason, cut, layout, slate }, incomplete) {
  await post("/api/v1/storage/exports", { camera_ids, start_time, end_time, format, reason: reason ?? "", cut, layout, slate, incomplete });
  await exports.ask();
  return incomplete === "partial" ? "It is ordered again, and gives what there is." : "It is ordered again.";
}

