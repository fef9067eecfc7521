// The rail: where one can go, who is signed in, colours, sign out. A bar at the bottom on a phone.
import { html } from "../html.js";
import { Icon, Logo } from "../parts/icons.js";
import { mayUpload, notice, session, signOut } from "../server/session.js";
import { switchTheme, theme } from "./theme.js";

const ROLES = { viewer: "may look", uploader: "may upload", service: "may upload", operator: "operator", admin: "admin" };

export function Rail() {
  const { user, auth_mode: authMode } = session.value;
  const other = theme.value === "dark" ? "light" : "dark";
  return html`
    <nav class="rail" aria-label="Main">
      <p class="rail-brand"><${Logo} /><span class="rail-name">Holdfast</span></p>
      <ul class="rail-places">
        <li><a class="rail-entry" href="/" aria-current="page" onClick=${toTop}><${Icon} name=${mayUpload.value ? "upload" : "film"} /><span>${mayUpload.value ? "Upload" : "Videos"}</span></a></li>
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

function toTop(event) {
  event.preventDefault();
  window.scrollTo({ top: 0 });
}
