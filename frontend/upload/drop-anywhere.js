// Files may be dropped or pasted on any view of the page; then the queue that took them is shown.
import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { go, path } from "../shell/route.js";
import { dragging, listen } from "./choose.js";
import { project } from "./settings.js";

const UPLOAD = "/";
const showQueue = () => path.peek() !== UPLOAD && go(UPLOAD);

export function DropAnywhere() {
  useEffect(() => listen(showQueue), []);
  return dragging.value && html`
    <div class="drop-over" aria-hidden="true"><p><span>Let go to upload to <strong>${project.value || "default"}</strong></span></p></div>
  `;
}
