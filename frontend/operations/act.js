// A button that asks the server for something: busy meanwhile, and what came of it said beside it and aloud.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { announce } from "../shell/announce.js";

/** `act()` returns words to show and say (or ""), or throws the Problem; `found` is the signal that takes them. */
export function Act({ act, icon, says, name, found, busySays = says }) {
  const busy = useSignal(false);
  const press = async (section) => {
    busy.value = true;
    found.value = null;
    try {
      const words = await act();
      if (words) found.value = { words, isTrouble: false };
      announce(words, { isAnswer: true });
    } catch (problem) {
      found.value = { words: problem.message, isTrouble: true };
    }
    busy.value = false;
    requestAnimationFrame(() => catchFocus(section));
  };
  // aria-disabled, not disabled: the focus stays where it is.
  return html`
    <button type="button" class="button small" onClick=${(event) => !busy.peek() && press(event.currentTarget.closest("section"))} aria-disabled=${busy.value ? "true" : null} aria-label=${name}>
      ${icon && html`<${Icon} name=${icon} />`}${busy.value ? busySays : says}
    </button>
  `;
}

/** What was pressed may be gone with its reason; nobody is pulled back from elsewhere. */
function catchFocus(section) {
  if (document.activeElement !== document.body) return;
  const heading = section?.isConnected && section.querySelector("h2[tabindex]");
  (heading || document.querySelector("main h1"))?.focus({ preventScroll: true });
}

/** Success is spoken by the live region, trouble by its role. */
export const Found = ({ found }) => found.value && html`
  <p class=${`found ${found.value.isTrouble ? "tone-failed" : "soft"}`} role=${found.value.isTrouble ? "alert" : null}>${found.value.words}</p>
`;
