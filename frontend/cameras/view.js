// Cameras: a lane of time for each, a range marked over several, and the exports cut from it.
import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { Late } from "../parts/late.js";
import { online } from "../server/reach.js";
import { mayUpload } from "../server/session.js";
import { count } from "../words/sizes.js";
import { useWatch } from "../operations/known.js";
import { ExportDialog } from "./export-dialog.js";
import { Exports } from "./exports.js";
import { listenForSigns } from "./keys.js";
import { KeysDialog } from "./keys-dialog.js";
import { askAgain, cameraList, cameras, lanesProblem, useCoverage } from "./known.js";
import { Marked } from "./marked.js";
import { keepInStep } from "./route.js";
import { AsTable } from "./table.js";
import { Timeline } from "./timeline.js";
import { Shown, Toolbar } from "./toolbar.js";

export function CamerasView() {
  useWatch(askAgain);
  useCoverage();
  useEffect(keepInStep, []);
  useEffect(listenForSigns, []);
  const list = cameraList.value;
  return html`
    <div class="cameras" data-cameras>
      <header class="cameras-head">
        <h1 tabindex="-1">Cameras</h1>
        ${list?.length > 0 && html`<p class="soft figures">${count(list.length, "camera")}, ${count(list.reduce((sum, camera) => sum + camera.segments, 0), "segment")}</p>`}
      </header>
      <${Trouble} />
      ${!list && online.value && !cameras.problem.value && html`<${Late}><${Skeleton} /><//>`}
      ${!list && !online.value && html`<p class="panel nothing soft">There is no connection. The cameras are looked up as soon as there is one.</p>`}
      ${list && (list.length ? html`<${Lanes} />` : html`<${Empty} />`)}
      ${list?.length > 0 && html`<${Marked} />`}
      ${list && html`<${Exports} />`}
      <${ExportDialog} />
      <${KeysDialog} />
    </div>
  `;
}

const Lanes = () => html`
  <section class="part" aria-label="Timeline">
    <${Toolbar} />
    <${Shown} />
    <${Timeline} />
    <${AsTable} />
  </section>
`;

function Trouble() {
  const words = cameras.problem.value || lanesProblem.value;
  if (!words) return null;
  return html`
    <div class="trouble" role="alert">
      <p>${cameras.problem.value ? "The cameras could not be looked up." : "What was recorded could not be looked up; the lanes may be old."} ${words}</p>
      <button type="button" class="button small" onClick=${askAgain}>Try again</button>
    </div>
  `;
}

const Skeleton = () => html`
  <div class="panel rows" aria-hidden="true" data-skeleton>
    ${[1, 2, 3].map((key) => html`<p key=${key} class="row"><span class="bone bone-45 bone-line" /></p>`)}
  </div>
`;

const EXAMPLE = `curl -H "Authorization: Bearer hf_…" -H "Content-Type: application/json" \\
  -d '{"camera_id": "6f1c…", "start_time": "2026-11-21T08:00:00Z",
       "end_time": "2026-11-21T08:05:00Z", "file_path": "/recordings/0800.mp4"}' \\
  ${location.origin}/api/v1/storage/segments`;

const Empty = () => html`
  <div class="panel nothing cameras-empty">
    <p class="empty-title"><span class="empty-icon"><${Icon} name="camera" /></span>No camera has recorded anything yet</p>
    <p>Each camera gets a lane of time here, with what it recorded and what is missing. You mark a range over one or several of them, and export it as a clip that proves itself.</p>
    ${mayUpload.value && html`
      <p class="soft">A recorder registers a file that lies below one of the server's <code>SEGMENT_ROOTS</code>:</p>
      <pre class="example" tabindex="0" role="region" aria-label="How a recorder registers a segment"><code>${EXAMPLE}</code></pre>
      <p class="soft">Or it uploads the file through any door, with the fields <code>camera_id</code> (a UUID), <code>start_time</code> and <code>end_time</code>. <a href="/docs">The API page</a> says more.</p>
    `}
  </div>
`;
