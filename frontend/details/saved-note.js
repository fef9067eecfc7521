// Beside a field: whether its words are saved, and the choice when somebody else wrote there meanwhile.
import { html } from "../html.js";
import { shown } from "../words/names.js";
import { SIGNED_OUT } from "./edit.js";

export function SavedNote({ edit }) {
  const theirs = edit.theirs?.value ?? null;
  if (theirs !== null) return html`<${Choice} edit=${edit} theirs=${theirs} />`;
  const state = edit.state.value;
  if (state === "refused") return html`<p class="saved-note tone-failed" data-saved="refused">Not saved: ${edit.problem.value}</p>`;
  return html`<p class="saved-note soft" data-saved=${state || "none"}>${WORDS[state] ?? ""}</p>`;
}

const WORDS = {
  saving: "Saving…",
  saved: "Saved",
  waits: "Not saved yet: the server cannot be reached. It is saved once the connection is back.",
  "signed-out": SIGNED_OUT,
};

function Choice({ edit, theirs }) {
  const choose = (act) => (event) => {
    const field = event.currentTarget.closest(".edit").querySelector(".in-place");
    act();
    field.focus();
  };
  return html`
    <div class="saved-choice" data-saved="choice">
      <p class="saved-note tone-needs">Not saved. ${theirs ? html`Changed meanwhile to: <bdi class="saved-theirs">${shown(theirs)}</bdi>` : "Emptied meanwhile by somebody else."}</p>
      <p class="saved-acts">
        <button type="button" class="button small" onClick=${choose(() => edit.keepMine())}>Keep mine</button>
        <button type="button" class="button small" onClick=${choose(() => edit.restore())}>Take theirs</button>
      </p>
    </div>
  `;
}
