// A button that puts a link on the clipboard and says so.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { toClipboard } from "../parts/clipboard.js";
import { Icon } from "../parts/icons.js";
import { announce } from "../shell/announce.js";

const TOLD_MS = 4000;
const NOT_COPIED = "The browser does not let this page copy. Mark the link and copy it by hand.";

export function CopyLink({ url, of = "", isPrimary = false }) {
  const told = useSignal("");
  useEffect(() => {
    if (!told.value) return undefined;
    const timer = setTimeout(() => (told.value = ""), TOLD_MS);
    return () => clearTimeout(timer);
  }, [told.value]);
  const copy = async () => {
    told.value = (await toClipboard(url)) ? "copied" : "not";
    announce(told.peek() === "copied" ? "Link copied." : NOT_COPIED, { isAnswer: true });
  };
  return html`
    <button type="button" class=${`button ${isPrimary ? "primary" : "small"}`} onClick=${copy} aria-label=${of ? `Copy the link ${of}` : null}>
      <${Icon} name=${told.value === "copied" ? "check" : "copy"} /><span>${told.value === "copied" ? "Copied" : isPrimary ? "Copy link" : "Copy"}</span>
    </button>
    ${told.value === "not" && html`<span class="field-wrong">${NOT_COPIED}</span>`}
  `;
}
