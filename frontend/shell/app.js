// The frame: sign-in or the page, the bar that tells of a lost connection, and the live region.
import { html } from "../html.js";
import { session } from "../server/session.js";
import { Late } from "../parts/late.js";
import { UploadView } from "../upload/view.js";
import { VideoList } from "../videos/view.js";
import { LiveRegion } from "./live-region.js";
import { OfflineBar } from "./offline-bar.js";
import { Rail } from "./rail.js";
import { SignIn } from "./sign-in.js";

export const App = () => html`
  <${LiveRegion} />
  <${OfflineBar} />
  ${session.value === undefined && html`<${Late}><p class="opening">Opening…</p><//>`}
  ${session.value === null && html`<${SignIn} />`}
  ${session.value && html`<${SignedIn} />`}
`;

const SignedIn = () => html`
  <div class="frame">
    <a class="skip" href="#videos" onClick=${toVideos}>Skip to the videos</a>
    <${Rail} />
    <main class="content">
      <${UploadView} />
      <${VideoList} />
    </main>
  </div>
`;

function toVideos(event) {
  event.preventDefault();
  document.getElementById("videos-heading")?.focus();
}
