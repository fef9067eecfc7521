// The entry: starts the session and the connection watch, then draws the page.
import { html, render } from "./html.js";
import { watchConnection } from "./server/reach.js";
import { startSession } from "./server/session.js";
import { App } from "./shell/app.js";

watchConnection();
startSession();
render(html`<${App} />`, document.getElementById("page"));
