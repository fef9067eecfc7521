// The way to the links of one video, for those who may share it.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { titleOf } from "../videos/records.js";
import { ShareDialog } from "./dialog.js";
import { mayShare } from "./rights.js";

export function ShareButton({ video }) {
  const isOpen = useSignal(false);
  if (!mayShare(video)) return null;
  return html`
    <button type="button" class="button-icon" aria-haspopup="dialog" aria-label=${`Share ${titleOf(video)}`} title="Share" onClick=${() => (isOpen.value = true)}>
      <${Icon} name="share" /></button>
    ${isOpen.value && html`<${ShareDialog} video=${video} onClose=${() => (isOpen.value = false)} />`}
  `;
}
