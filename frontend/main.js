// The entry: starts the connection watch, the session and the queue, then draws the page.
import { html, render } from "./html.js";
import { watchConnection } from "./server/reach.js";
import { startSession } from "./server/session.js";
import { App } from "./shell/app.js";
import { startTitle } from "./shell/title.js";
import { startHealing } from "./upload/acts.js";
import { startAmending } from "./upload/amend.js";
import { startCourier } from "./upload/courier.js";
import { startRestoring } from "./upload/restore.js";

watchConnection();
startSession();
startRestoring();
startCourier();
startHealing();
startAmending();
startTitle();
render(html`<${App} />`, document.getElementById("page"));
