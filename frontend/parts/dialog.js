// A native dialogue: the browser keeps the focus in it, closes it by Esc, and gives the focus back.
import { useLayoutEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { Icon } from "./icons.js";

/** Whether there are words in it that nobody has sent yet. */
const isWritten = (dialog) => [...dialog.querySelectorAll("form :is(textarea, input:not([type]), input[type=text]):not([readonly])")].some(({ value }) => value.trim());

export function Dialog({ title, onClose, children, kind = "" }) {
  const dialog = useRef();
  const opener = useRef(document.activeElement);
  const heading = useRef(opener.current?.closest("section")?.querySelector("h3[tabindex]"));
  const pressed = useRef(null);
  const isGone = useRef(false);
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown.showModal();
    return () => {
      // While it is open nothing else takes the focus.
      isGone.current = true;
      shown.close();
      // When what opened it is gone, the name of its section takes the focus, or else the videos do.
      const back = [opener.current, heading.current].find((each) => each?.isConnected && each !== document.body);
      (back ?? document.querySelector('[role="grid"] [tabindex="0"]'))?.focus({ preventScroll: true });
    };
  }, []);
  // Whoever marks text and lets go outside has not meant to close; nor has who missed a button after writing.
  const onBackdrop = (event) => event.target === dialog.current && pressed.current === dialog.current && !isWritten(dialog.current) && onClose();
  // What lies below has keys of its own, Esc among them.
  const onKeys = (event) => event.stopPropagation();
  return html`
    <dialog ref=${dialog} class=${`dialog ${kind}`} aria-labelledby="dialog-title" onClose=${() => isGone.current || onClose()} onKeyDown=${onKeys}
      onPointerDown=${(event) => (pressed.current = event.target)} onClick=${onBackdrop}>
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id="dialog-title"><bdi>${title}</bdi></h2>
          <button type="button" class="button-icon" aria-label="Close" onClick=${onClose}><${Icon} name="close" /></button>
        </header>
        ${children}
      </div>
    </dialog>
  `;
}
