// The fields above the queue: they hold for every file chosen from then on.
import { html } from "../html.js";
import { allowedProjects, knownLabels, knownProjects, label, project, titlesFirst } from "./settings.js";

const typed = (target) => (event) => (target.value = event.target.value);

export const SendAlong = () => html`
  <div class="along">
    ${allowedProjects.value ? html`<${ProjectChoice} />` : html`
      <${Words} name="project" says="Project" value=${project} known=${knownProjects.value} placeholder="default" />
    `}
    <${Words} name="label" says="Label" value=${label} known=${knownLabels.value} placeholder="e.g. Tutorial" />
    <label class="tick">
      <input type="checkbox" checked=${titlesFirst.value} onChange=${(event) => (titlesFirst.value = event.target.checked)} />
      <span>Write titles and tags before sending</span>
    </label>
  </div>
`;

const ProjectChoice = () => html`
  <label class="field">
    <span>Project</span>
    <select name="project" value=${project.value} onChange=${typed(project)}>
      ${allowedProjects.value.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
    </select>
  </label>
`;

const Words = ({ name, says, value, known, placeholder }) => html`
  <label class="field">
    <span>${says}</span>
    <input type="text" name=${name} list=${`known-${name}`} value=${value.value} onInput=${typed(value)}
      placeholder=${placeholder} autocomplete="off" maxlength="100" />
    <datalist id=${`known-${name}`}>${known.map((each) => html`<option key=${each} value=${each} />`)}</datalist>
  </label>
`;
