// An export's manifest in words, to be downloaded, and how anybody can verify the file without this server.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { Dialog } from "../parts/dialog.js";
import { Digest } from "../parts/digest.js";
import { Icon } from "../parts/icons.js";
import { Late } from "../parts/late.js";
import { get } from "../server/api.js";
import { shown } from "../words/names.js";
import { count, size } from "../words/sizes.js";
import { boundsWords } from "./export-words.js";
import { titleOf } from "./export-row.js";
import { nameById } from "./known.js";
import { localWords, msOf, stretchWords } from "./moments.js";

const SOURCES_SHOWN = 50;

export function ManifestDialog({ of, onClose }) {
  const [told, problem] = [useSignal(null), useSignal("")];
  useEffect(() => {
    const ending = new AbortController();
    get(`/api/v1/storage/exports/${encodeURIComponent(of.id)}/manifest`, { signal: ending.signal }).then(
      (answer) => (told.value = answer),
      (trouble) => trouble.name === "AbortError" || (problem.value = trouble.message),
    );
    return () => ending.abort();
  }, [of.id]);
  return html`
    <${Dialog} title="Manifest" kind="dialog-sheet dialog-export" onClose=${onClose}>
      ${problem.value && html`<p class="tone-failed" role="alert">The manifest could not be had. ${problem.value}</p>`}
      ${!told.value && !problem.value && html`<${Late}><p class="soft">Fetching it…</p><//>`}
      ${told.value && html`<${Words} of=${of} payload=${told.value.payload} />`}
      <${Verify} of=${of} />
      <p class="dialog-foot">
        ${told.value && html`<button type="button" class="button" onClick=${() => save(told.value.manifest, of)}><${Icon} name="download" />Download the manifest</button>`}
        <button type="button" class="button primary" onClick=${onClose}>Close</button>
      </p>
    <//>
  `;
}

/** [[name, words]] of what the signature holds; a fact that this manifest does not tell is left out. */
function factsOf({ requester, reason, made = {} }) {
  return [
    ["Reason", reason && html`<bdi>${shown(reason)}</bdi>`],
    ["Requested by", requester && html`<bdi>${shown(requester.name ?? requester)}</bdi>`],
    ["Made", made.completed_at && localWords(msOf(made.completed_at))],
    ["Made with", [made.holdfast && `Holdfast ${made.holdfast}`, made.ffmpeg && `ffmpeg ${made.ffmpeg}`].filter(Boolean).map(shown).join(", ")],
  ].filter(([, words]) => words);
}

function Words({ of, payload }) {
  return html`
    <dl class="manifest-facts" data-manifest>
      <div><dt>File</dt><dd><bdi>${shown(of.filename)}</bdi>, ${size(of.file_size)}</dd></div>
      <div><dt>SHA-256</dt><dd><${Digest} digest=${(of.checksum ?? "").replace(/^sha256:/, "")} of=${titleOf(of)} /></dd></div>
      <div><dt>Asked for</dt><dd>${stretchWords(msOf(of.start_time), msOf(of.end_time))}</dd></div>
      ${of.bounds.map((each) => html`<div key=${each.camera_id}><dt><bdi>${nameById(each.camera_id)}</bdi></dt><dd>${boundsWords(each)}</dd></div>`)}
      <div><dt>Gaps</dt><dd>${of.gaps.length ? count(of.gaps.length, "gap") : "none"}${of.partial && html`, <strong class="tone-needs">partial</strong>`}</dd></div>
      ${factsOf(payload).map(([name, words]) => html`<div key=${name}><dt>${name}</dt><dd>${words}</dd></div>`)}
    </dl>
    <${Sources} sources=${(payload.cameras ?? []).flatMap((camera) => camera.sources ?? [])} />
  `;
}

const Sources = ({ sources }) => sources.length > 0 && html`
  <details class="findings"><summary>Cut from ${count(sources.length, "recording")}</summary>
    <ul role="list" data-sources>
      ${sources.slice(0, SOURCES_SHOWN).map(({ segment_id: id, filename, sha256 = "" }) => html`<li key=${id}><bdi>${shown(filename ?? id)}</bdi> <${Digest} digest=${sha256} of=${shown(filename ?? id)} /></li>`)}
      ${sources.length > SOURCES_SHOWN && html`<li>and ${sources.length - SOURCES_SHOWN} more in the manifest.</li>`}
    </ul>
  </details>
`;

/** An mp4 or a zip carries it; an mkv is proved by the one that lies beside it under this name. */
const fileOf = ({ filename, id }) => `${filename || id}.jws`;

const Verify = ({ of }) => html`
  <div class="note manifest-verify">
    <p>The manifest is signed by this server${/\.mkv$/i.test(of.filename ?? "") ? html` and belongs beside the file, as <code>${shown(fileOf(of))}</code>` : " and travels inside the file"}.
      Anybody who has the program can prove that not a byte was changed, without a connection:</p>
    <pre class="example" tabindex="0" role="region" aria-label="Command that verifies"><code>video_manager verify-export ${of.filename || "FILE"} --key key.json</code></pre>
    <p class="soft">On this server without <code>--key</code>. The public key: <a href="/api/receipt-key" download="key.json">key.json</a></p>
  </div>
`;

function save(text, of) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/jose" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: fileOf(of) });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
