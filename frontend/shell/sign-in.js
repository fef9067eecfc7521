// The sign-in view: one field for a token.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { Logo } from "../parts/icons.js";
import { notice, signIn } from "../server/session.js";

export function SignIn() {
  const field = useRef();
  const busy = useSignal(false);
  useEffect(() => field.current.focus(), []);
  const submit = async (event) => {
    event.preventDefault();
    const token = field.current.value;
    if (!token.trim()) {
      notice.value = "Paste the token you were given. It starts with hf_.";
      return;
    }
    busy.value = true;
    const problem = await signIn(token);
    busy.value = false;
    if (problem) field.current?.select();
  };
  return html`
    <main class="sign-in">
      <form class="sign-in-card" onSubmit=${submit}>
        <${Logo} />
        <h1>Sign in to Holdfast</h1>
        <p class="soft" id="token-help">Open the sign-in link you were given, or paste its token here.</p>
        <label class="field">
          <span>Token</span>
          <input
            ref=${field} type="password" name="token" autocomplete="current-password" autocapitalize="off"
            spellcheck="false" placeholder="hf_…" aria-describedby="token-help sign-in-notice"
            aria-invalid=${notice.value.startsWith("This token") ? "true" : null} />
        </label>
        <p class="sign-in-notice" id="sign-in-notice" role="alert">${notice.value}</p>
        <button class="button primary" type="submit" disabled=${busy.value}>${busy.value ? "Signing in…" : "Sign in"}</button>
      </form>
    </main>
  `;
}
