// A camera's name; operators write another one in its place.
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { call } from "../server/api.js";
import { mayOperate } from "../server/session.js";
import { announce } from "../shell/announce.js";
import { count } from "../words/sizes.js";
import { cameras, nameOf } from "./known.js";

const LONGEST = 100;

export function Name({ camera }) {
  const isWriting = useSignal(false);
  const opener = useRef();
  const end = () => {
    isWriting.value = false;
    requestAnimationFrame(() => opener.current?.focus());
  };
  if (isWriting.value) return html`<${Field} camera=${camera} onEnd=${end} />`;
  return html`
    <p class="lane-name">
      <bdi title=${camera.camera_id}>${nameOf(camera)}</bdi>
      <span class="lane-count soft figures" title=${count(camera.segments, "segment")}>${camera.segments.toLocaleString("en-GB")}<span class="visually-hidden"> ${camera.segments === 1 ? "segment" : "segments"}</span></span>
      ${mayOperate.value && html`
        <button type="button" ref=${opener} class="button-icon small" aria-label=${`Rename ${nameOf(camera)}`} title="Rename" onClick=${() => (isWriting.value = true)}><${Icon} name="words" /></button>
      `}
    </p>
  `;
}

function Field({ camera, onEnd }) {
  const field = useRef();
  const [written, problem, busy] = [useSignal(camera.name), useSignal(""), useSignal(false)];
  useLayoutEffect(() => {
    field.current.focus();
    field.current.select();
  }, []);
  const save = async (event) => {
    event.preventDefault();
    const name = written.peek().trim();
    if (busy.peek() || name === camera.name) return onEnd();
    busy.value = true;
    try {
      await call("PATCH", `/api/cameras/${encodeURIComponent(camera.camera_id)}`, { body: { name } });
    } catch (trouble) {
      problem.value = trouble.message;
      busy.value = false;
      return field.current.focus();
    }
    announce(name ? `The camera is called ${name} now.` : "The camera has no name now.", { isAnswer: true });
    await cameras.ask();
    return onEnd();
  };
  const onKey = (event) => {
    event.stopPropagation();
    if (event.key === "Escape") onEnd();
  };
  return html`
    <form class="field lane-rename" noValidate onSubmit=${save} onKeyDown=${onKey}>
      <input ref=${field} dir="auto" autocomplete="off" maxlength=${LONGEST} value=${written.value} onInput=${(event) => (written.value = event.target.value)} aria-label=${`Name of ${nameOf(camera)}`}
        aria-invalid=${problem.value ? "true" : null} aria-describedby=${problem.value ? "rename-trouble" : null} />
      <button type="submit" class="button-icon small" aria-label="Save the name" aria-disabled=${busy.value ? "true" : null}><${Icon} name="check" /></button>
      <button type="button" class="button-icon small" aria-label="Keep the old name" onClick=${onEnd}><${Icon} name="close" /></button>
      ${problem.value && html`<p class="field-wrong" id="rename-trouble" role="alert">${problem.value}</p>`}
    </form>
  `;
}
