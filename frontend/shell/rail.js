// The rail: where one can go, who is signed in, colours, sign out. A bar at the bottom on a phone.
import { html } from "../html.js";
import { Icon, Logo } from "../parts/icons.js";
import { mayUpload, notice, session, signOut } from "../server/session.js";
import { shareSent } from "../upload/sent-share.js";
import { OPERATIONS, camerasAddress, follow, isCameras, isLibrary, isOperations, isUpload, libraryAddress } from "./route.js";
import { switchTheme, theme } from "./theme.js";

const ROLES = { viewer: "may look", uploader: "may upload", service: "may upload", operator: "operator", admin: "admin" };

export function Rail() {
  const { user, auth_mode: authMode } = session.value;
  const other = theme.value === "dark" ? "light" : "dark";
  return html`
    <nav class="rail" aria-label="Main">
      <p class="rail-brand"><${Logo} /><span class="rail-name">Holdfast</span></p>
      <ul class="rail-places">
        <${Place} href="/" icon=${mayUpload.value ? "upload" : "film"} says=${mayUpload.value ? "Upload" : "Newest"} isHere=${isUpload.value}>
          ${!isUpload.value && shareSent.value !== null && html`<span class="rail-share figures" title="Sent so far; it goes on">${shareSent.value} %</span>`}
        <//>
        <${Place} href=${libraryAddress.value} icon="library" says="Library" isHere=${isLibrary.value} />
        <${Place} href=${camerasAddress.value} icon="camera" says="Cameras" isHere=${isCameras.value} />
        <${Place} href=${OPERATIONS} icon="gauge" says="Operations" isHere=${isOperations.value} />
      </ul>
      <div class="rail-foot">
        <p class="rail-who">
          <span class="rail-person">${user.name}</span>
          <span class="rail-role">${ROLES[user.role] ?? user.role}</span>
        </p>
        <a class="rail-entry" href="/docs"><${Icon} name="book" /><span>API</span></a>
        <button type="button" class="rail-entry" onClick=${switchTheme} aria-label=${`Switch to ${other} colours`}>
          <${Icon} name=${other === "dark" ? "moon" : "sun"} /><span>${other === "dark" ? "Dark" : "Light"}</span>
        </button>
        ${authMode !== "open" && html`
          <button type="button" class="rail-entry" onClick=${signOut}><${Icon} name="leave" /><span>Sign out</span></button>
        `}
        ${notice.value && html`<p class="rail-notice" role="alert">${notice.value}</p>`}
      </div>
    </nav>
  `;
}

const Place = ({ href, icon, says, isHere, children }) => html`
  <li>
    <a class="rail-entry" href=${href} aria-current=${isHere ? "page" : null} onClick=${(event) => (isHere ? toTop(event) : follow(event, href, { back: true }))}>
      <${Icon} name=${icon} /><span>${says}</span>${children}
    </a>
  </li>
`;

function toTop(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  window.scrollTo({ top: 0 });
}
