// A button whose press is answered by the server: busy meanwhile, and what went wrong said beside it.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";

/** `act` may throw a Problem; `done` is called with the button's section after it did not. */
export function ActButton({ act, done, icon, name, className = "", children }) {
  const busy = useSignal(false);
  const trouble = useSignal("");
  const press = async (event) => {
    const section = event.currentTarget.closest("section");
    busy.value = true;
    trouble.value = "";
    try {
      await act();
      requestAnimationFrame(() => catchFocus(section));
      done?.();
    } catch (problem) {
      trouble.value = problem.message;
    }
    busy.value = false;
  };
  return html`
    <button type="button" class=${`button small ${className}`} onClick=${press} disabled=${busy.value} aria-label=${name}>
      ${icon && html`<${Icon} name=${icon} />`}${children}
    </button>
    ${trouble.value && html`<p class="act-trouble tone-failed" role="alert">${trouble.value}</p>`}
  `;
}

/** Where the focus went away with the button; nobody is pulled back from elsewhere. */
function catchFocus(section) {
  if (document.activeElement !== document.body) return;
  const near = section?.isConnected && section.querySelector("h3[tabindex]");
  (near || document.querySelector(".details h2"))?.focus({ preventScroll: true });
}
