// A webhook made, its secret shown this once, a new secret, and its end.
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { toClipboard } from "../parts/clipboard.js";
import { Dialog } from "../parts/dialog.js";
import { Icon } from "../parts/icons.js";
import { call, post } from "../server/api.js";
import { announce } from "../shell/announce.js";
import { pathOf } from "./webhook-names.js";

const LONGEST_URL = 2000;
const LONGEST = 200;

export function AddDialog({ names, reload, onClose }) {
  const secret = useSignal("");
  const made = (answer) => {
    secret.value = answer.secret;
    announce("Webhook added. Its secret is shown this once.", { isAnswer: true });
    reload();
  };
  return html`
    <${Dialog} title=${secret.value ? "Keep its secret" : "Add a webhook"} onClose=${onClose}>
      ${secret.value ? html`<${Secret} secret=${secret.value} onClose=${onClose} />` : html`<${Form} names=${names} made=${made} onClose=${onClose} />`}
    <//>
  `;
}

function Form({ names, made, onClose }) {
  const [url, label, project, chosen] = [useSignal(""), useSignal(""), useSignal(""), useSignal([])];
  const [problem, busy] = [useSignal(""), useSignal(false)];
  const submit = async (event) => {
    event.preventDefault();
    busy.value = true;
    problem.value = "";
    try {
      made(await post("/api/webhooks", { url: url.peek(), label: label.peek(), project_id: project.peek(), events: chosen.peek() }));
    } catch (trouble) {
      problem.value = trouble.message;
      busy.value = false;
    }
  };
  const tick = (name, isOn) => (chosen.value = isOn ? [...chosen.peek(), name] : chosen.peek().filter((each) => each !== name));
  return html`
    <form class="dialog-form" noValidate onSubmit=${submit}>
      <label class="field">
        <span>Address (https:// or http://)</span>
        <input inputmode="url" autocomplete="off" spellcheck="false" maxlength=${LONGEST_URL} value=${url.value} aria-invalid=${problem.value ? "true" : null} onInput=${(event) => (url.value = event.target.value)} />
      </label>
      <label class="field">
        <span>What it is, to tell them apart</span>
        <input dir="auto" autocomplete="off" maxlength=${LONGEST} value=${label.value} onInput=${(event) => (label.value = event.target.value)} />
      </label>
      <label class="field">
        <span>Only this project; empty: all of them</span>
        <input dir="auto" autocomplete="off" maxlength=${LONGEST} value=${project.value} onInput=${(event) => (project.value = event.target.value)} />
      </label>
      <fieldset class="end-field">
        <legend>Only these events; none ticked: all of them</legend>
        <div class="webhook-names">${names.map((name) => html`
          <label key=${name} class="tick"><input type="checkbox" checked=${chosen.value.includes(name)} onChange=${(event) => tick(name, event.target.checked)} /><span>${name}</span></label>
        `)}</div>
      </fieldset>
      ${problem.value && html`<p class="field-wrong" role="alert">${problem.value}</p>`}
      <p class="dialog-foot"><button type="button" class="button" onClick=${onClose}>Cancel</button><button type="submit" class="button primary" disabled=${busy.value}>${busy.value ? "Adding…" : "Add webhook"}</button></p>
    </form>
  `;
}

export function SecretDialog({ hook, name, onClose }) {
  const [secret, problem, busy] = [useSignal(""), useSignal(""), useSignal(false)];
  const make = async () => {
    busy.value = true;
    problem.value = "";
    try {
      secret.value = (await post(`${pathOf(hook.id)}/secret`)).secret;
      announce("A new secret was made. It is shown this once.", { isAnswer: true });
    } catch (trouble) {
      problem.value = trouble.message;
      busy.value = false;
    }
  };
  return html`
    <${Dialog} title=${secret.value ? "Keep its secret" : `A new secret for ${name}?`} onClose=${onClose}>
      ${secret.value ? html`<${Secret} secret=${secret.value} onClose=${onClose} />` : html`
        <p>For a day our messages are signed with both, so the receiver can change without missing any. Then the old one is good no more.</p>
        ${problem.value && html`<p class="field-wrong" role="alert">${problem.value}</p>`}
        <p class="dialog-foot"><button type="button" class="button" onClick=${onClose}>Keep the old one</button><button type="button" class="button primary" disabled=${busy.value} onClick=${make}>Make a new secret</button></p>
      `}
    <//>
  `;
}

export function DeleteDialog({ hook, name, reload, onClose }) {
  const [problem, busy] = [useSignal(""), useSignal(false)];
  const away = async () => {
    busy.value = true;
    problem.value = "";
    try {
      await call("DELETE", pathOf(hook.id));
    } catch (trouble) {
      problem.value = trouble.message;
      busy.value = false;
      return;
    }
    announce(`${name} is told nothing more.`, { isAnswer: true });
    onClose();
    await reload();
    document.getElementById("webhooks-heading")?.focus({ preventScroll: true });
  };
  return html`
    <${Dialog} title=${`Delete ${name}?`} onClose=${onClose}>
      <p>It is told nothing more, and what waits for it goes too. Pause it instead if it is to be told later.</p>
      ${problem.value && html`<p class="field-wrong" role="alert">${problem.value}</p>`}
      <p class="dialog-foot"><button type="button" class="button" onClick=${onClose}>Keep</button><button type="button" class="button danger" disabled=${busy.value} onClick=${away}>Delete webhook</button></p>
    <//>
  `;
}

function Secret({ secret, onClose }) {
  const field = useRef();
  const told = useSignal("");
  useLayoutEffect(() => {
    field.current.focus();
    field.current.select();
  }, []);
  const copy = async () => {
    told.value = (await toClipboard(secret)) ? "Copied" : "Mark it and copy it by hand";
    announce(`${told.peek()}.`, { isAnswer: true });
  };
  return html`
    <div class="webhook-secret" data-secret="">
      <label class="field"><span>The secret. It is shown only now.</span><input ref=${field} readonly value=${secret} onFocus=${(event) => event.target.select()} /></label>
      <p class="soft">The receiver checks with it that a message is ours, by any library for Standard Webhooks.</p>
      <p class="dialog-foot"><button type="button" class="button" onClick=${copy}><${Icon} name=${told.value === "Copied" ? "check" : "copy"} />${told.value || "Copy the secret"}</button><button type="button" class="button primary" onClick=${onClose}>I have it</button></p>
    </div>
  `;
}
