// Title, description and tags: to be changed in place by those who may, to be read by all.
import { computed } from "@preact/signals";
import { html } from "../html.js";
import { mayOperate, mayUpload, session } from "../server/session.js";
import { shown } from "../words/names.js";
import { Tags } from "./tags.js";
import { TextField } from "./text-field.js";

const me = computed(() => session.value?.user?.name);
/** Uploaders change what is their own, operators everything; nobody what is in the trash. */
export const mayEdit = (video) => video.status !== "trashed" && (mayOperate.value || (mayUpload.value && video.uploaded_by === me.value));

export const Words = ({ video }) => html`
  <section class="details-words">
    ${mayEdit(video) ? html`<${Written} video=${video} />` : html`<${Read} video=${video} />`}
  </section>
`;

const Written = ({ video }) => html`
  <${TextField} video=${video} field="title" label="Title" longest=${500} placeholder=${shown(video.original_filename)} />
  <${TextField} video=${video} field="description" label="Description" isLong longest=${10000} placeholder="What is to be seen, who, where" />
  <${Tags} video=${video} />
`;

const Read = ({ video }) => html`
  ${video.description && html`<p class="details-description" dir="auto">${video.description}</p>`}
  ${video.tags.length > 0 && html`
    <ul class="chips" role="list" aria-label="Tags">${video.tags.map((tag) => html`<li key=${tag} class="chip chip-plain"><bdi>${shown(tag)}</bdi></li>`)}</ul>
  `}
`;
