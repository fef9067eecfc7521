// The small tile before a name: film or sound, by the file's ending.
import { html } from "../html.js";
import { ending } from "../words/names.js";
import { Icon } from "./icons.js";

const SOUND = ["mp3", "wav", "m4a", "flac", "aac", "ogg", "opus"];

export const FileTile = ({ name }) => html`
  <span class="tile" aria-hidden="true"><${Icon} name=${SOUND.includes(ending(name)) ? "sound" : "film"} /></span>
`;
