// What is known of the file: found in it, told by whoever brought it, and its proof.
import { html } from "../html.js";
import { Ago } from "../parts/ago.js";
import { Digest } from "../parts/digest.js";
import { OwnDamage } from "../parts/state-mark.js";
import { pathOf, titleOf } from "../videos/records.js";
import { factsOf } from "../words/facts.js";
import { footageOnly, vmsOnly } from "../words/footage.js";
import { shown } from "../words/names.js";
import { digestOf } from "../words/sizes.js";
import { ownDamage } from "../words/states.js";
import { exact } from "../words/times.js";

export function Facts({ video }) {
  const rows = [...factsOf(video).map(([name, words]) => [name, html`<bdi>${words}</bdi>`]), ...ofTheServer(video)];
  return html`
    <section class="details-section">
      <h3>Facts</h3>
      <dl class="fact-list">
        ${rows.map(([name, told]) => html`<div key=${name} data-fact=${name}><dt>${name}</dt><dd>${told}</dd></div>`)}
      </dl>
    </section>
  `;
}

function ofTheServer(video) {
  const title = titleOf(video);
  const damage = video.status !== "trashed" && ownDamage(video);
  return [
    ["Recorded", recordedAt(video)],
    ["Project", html`<bdi>${shown(video.project_id)}</bdi>`],
    ["Label", video.content_type && html`<bdi>${shown(video.content_type)}</bdi>`],
    ["Uploaded", html`<${Ago} at=${video.created_at} />${video.uploaded_by && html`${" "}by <bdi>${shown(video.uploaded_by)}</bdi>`}`],
    ["Expires", video.expires_at && html`<time dateTime=${video.expires_at}>${exact(video.expires_at)}</time>`],
    ["File", html`<bdi>${shown(video.original_filename)}</bdi>`],
    ["SHA-256", html`
      <span class="fact-saved">${damage ? html`<${OwnDamage} words=${damage} />` : hereOf(video)}<${Digest} digest=${digestOf(video)} of=${title} /></span>`],
    ["Proof", html`<a href=${`${pathOf(video.id)}/receipt`} download=${`receipt-${video.id}.json`}>Signed receipt</a>`],
  ].filter(([, told]) => told);
}

const HERE = { "remote-only": "Kept on targets only", trashed: "In the trash" };
const hereOf = (video) => (footageOnly(video).length ? vmsOnly(footageOnly(video)) : HERE[video.status] ?? "Saved");

function recordedAt({ start_time: told, media }) {
  const at = told ?? media?.facts?.recorded_at;
  return at && html`<time dateTime=${at}>${exact(at)}</time>`;
}
