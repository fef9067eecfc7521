// A video as a card: picture, title, project and age, and the line of its copies.
import { HeldMark } from "../holds/mark.js";
import { html } from "../html.js";
import { Ago } from "../parts/ago.js";
import { hasPicture } from "../player/source.js";
import { shown } from "../words/names.js";
import { Copies } from "./copies.js";
import { Picture } from "./picture.js";
import { videoAddress } from "./route.js";
import { Tick } from "./tick.js";

/** In these states the tile in the picture's place says it already. */
const NO_PICTURE = ["processing", "no-media-tools", "unplayable"];

export const Card = ({ video, title, isPicked }) => html`
  <div class="card">
    <a class="card-picture" href=${videoAddress(video.id)} data-open="" tabindex="-1" aria-hidden="true" draggable=${false}><${Picture} video=${video} /></a>
    <${Tick} title=${title} isPicked=${isPicked} />
    <span class="card-held"><${HeldMark} video=${video} /></span>
    <a class="card-title" href=${videoAddress(video.id)} data-open="" tabindex="-1" title=${title} draggable=${false}><bdi>${title}</bdi></a>
    <p class="card-meta soft"><bdi>${shown(video.project_id)}</bdi><${Ago} at=${video.created_at} /></p>
    <${Copies} video=${video} withStatus=${hasPicture(video) || !NO_PICTURE.includes(video.status)} />
  </div>
`;
