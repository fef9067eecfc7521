// The frame: sign-in or the page, the bar that tells of a lost connection, and the live region.
import { useLayoutEffect, useRef } from "preact/hooks";
import { CamerasView } from "../cameras/view.js";
import { html } from "../html.js";
import { LibraryView } from "../library/view.js";
import { OperationsView } from "../operations/view.js";
import { session } from "../server/session.js";
import { Late } from "../parts/late.js";
import { DropAnywhere } from "../upload/drop-anywhere.js";
import { UploadView } from "../upload/view.js";
import { VideoList } from "../videos/view.js";
import { LiveRegion } from "./live-region.js";
import { OfflineBar } from "./offline-bar.js";
import { Rail } from "./rail.js";
import { isCameras, isLibrary, isOperations, isUpload, path } from "./route.js";
import { SignIn } from "./sign-in.js";

export const App = () => html`
  <${LiveRegion} />
  <${OfflineBar} />
  ${session.value === undefined && html`<${Late}><p class="opening">Opening…</p><//>`}
  ${session.value === null && html`<${SignIn} />`}
  ${session.value && html`<${SignedIn} />`}
`;

function SignedIn() {
  useHeadingFocus(path.value);
  return html`
    <div class="frame">
      <a class="skip" href="#videos" onClick=${toVideos}>${skipWords()}</a>
      <${Rail} />
      <main class="content">
        ${isLibrary.value && html`<${LibraryView} />`}
        ${isCameras.value && html`<${CamerasView} />`}
        ${isOperations.value && html`<${OperationsView} />`}
        ${isUpload.value && html`<${UploadView} /><${VideoList} />`}
      </main>
      <${DropAnywhere} />
    </div>
  `;
}

/** Whoever goes to another view hears where they are; whoever opens the page starts at its top. */
function useHeadingFocus(at) {
  const before = useRef(at);
  useLayoutEffect(() => {
    if (before.current !== at) document.querySelector("main h1")?.focus({ preventScroll: true });
    before.current = at;
  }, [at]);
}

function skipWords() {
  if (isCameras.value) return "Skip to the timeline";
  return isOperations.value ? "Skip to what is known" : "Skip to the videos";
}

function toVideos(event) {
  event.preventDefault();
  document.querySelector('[role="grid"] [tabindex="0"], [data-track][tabindex="0"], #videos-heading, main h1')?.focus();
}
