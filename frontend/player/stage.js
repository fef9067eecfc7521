// The picture, or what stands in its place: the element itself, waiting, and trouble with the way out of it.
import { useComputed } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { pathOf } from "../videos/records.js";
import { aspectOf, hasPicture, pictureOf } from "./source.js";
import { Waiting } from "./waiting.js";

export function Stage({ video, source, playback, screen, element }) {
  const box = useRef();
  useAspect(box, video, !source.isSound);
  return html`
    <div class=${source.isSound ? "player-stage player-stage-sound" : "player-stage"} ref=${box}
      onClick=${() => !playback.problem.peek() && playback.toggle()} onDblClick=${() => !source.isSound && screen.toggle()}>
      ${source.isSound
        ? html`<audio ref=${element} src=${source.url} preload="metadata" />`
        : html`<video ref=${element} class="player-media" src=${source.url} preload="metadata" playsinline
            poster=${hasPicture(video) ? pictureOf(video) : undefined} />`}
      <${Invitation} playback=${playback} />
      ${!playback.problem.value && html`<${Waiting} playback=${playback} isFar=${source.isFar} />`}
      ${playback.problem.value && html`<${Trouble} video=${video} playback=${playback} />`}
    </div>
  `;
}

/** Room for the picture before it comes. */
export function useAspect(box, video, shaped = true) {
  const aspect = aspectOf(video);
  useLayoutEffect(() => {
    box.current.style.setProperty("--aspect", shaped ? aspect : "auto");
  }, [aspect, shaped]);
}

/** A large sign to press while nothing plays yet; the button below does the same, so nobody hears of it twice. */
function Invitation({ playback }) {
  const isShown = useComputed(() => !playback.isPlaying.value && playback.seconds.value < 0.05 && !playback.problem.value);
  return isShown.value && html`<span class="player-invitation" aria-hidden="true"><${Icon} name="play" /></span>`;
}

function Trouble({ video, playback }) {
  const { words, heals } = playback.problem.value;
  const retry = useRef();
  const again = (event) => {
    event.stopPropagation();
    // The button goes: the focus stays in the player.
    retry.current.closest(".player").querySelector("[data-play]")?.focus();
    playback.again();
  };
  return html`
    <div class="player-trouble" data-trouble=${heals ? "heals" : "stays"} onClick=${(event) => event.stopPropagation()}>
      <p>${words}</p>
      <p class="player-acts">
        <button type="button" class="button small" ref=${retry} onClick=${again}><${Icon} name="retry" />Retry</button>
        ${!heals && html`<a class="button small" href=${`${pathOf(video.id)}/download`} download><${Icon} name="download" />Download</a>`}
      </p>
    </div>
  `;
}
