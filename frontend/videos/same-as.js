// Says that a video's content was here before.
import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { Ago } from "../parts/ago.js";
import { know, record, titleOf } from "./records.js";

/** Identical content was here before: told, not judged; both stay. */
export function SameAs({ id }) {
  useEffect(() => void know(id), [id]);
  const earlier = record(id).value;
  return html`
    <p class="same-as soft">
      Same content as ${earlier ? html`<bdi>“${titleOf(earlier)}”</bdi>, saved <${Ago} at=${earlier.created_at} />` : "an earlier video"}. Both are listed.
    </p>
  `;
}
