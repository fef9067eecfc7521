// A digest by its first eight digits, with a button that copies all sixty-four.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { announce } from "../shell/announce.js";
import { shortDigest } from "../words/sizes.js";
import { toClipboard } from "./clipboard.js";
import { Icon } from "./icons.js";

const TOLD_MS = 2000;

export function Digest({ digest, of }) {
  const copied = useSignal(false);
  if (!digest) return null;
  const copy = async () => {
    copied.value = await toClipboard(digest);
    announce(copied.value ? "Digest copied." : "The browser does not let this page copy. The digest stands in the tooltip.", { isAnswer: true });
    setTimeout(() => (copied.value = false), TOLD_MS);
  };
  return html`
    <span class="digest" title=${`SHA-256 ${digest}`}>
      <code>${shortDigest(digest)}</code>
      <button type="button" class="button-icon small" onClick=${copy} aria-label=${`Copy the SHA-256 digest of ${of}`}>
        <${Icon} name=${copied.value ? "check" : "copy"} />
      </button>
    </span>
  `;
}
