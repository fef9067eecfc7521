// An instant as its age; hovering shows it exactly.
import { minute } from "../clock.js";
import { html } from "../html.js";
import { ago, exact } from "../words/times.js";

export const Ago = ({ at }) => html`<time dateTime=${at} title=${exact(at)}>${ago(at, minute.value)}</time>`;
