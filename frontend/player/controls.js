// The player's buttons: always there, by pointer, finger and keyboard alike.
import { useComputed } from "@preact/signals";
import { html } from "../html.js";
import { clockTime } from "../words/lengths.js";
import { PlayerButton } from "./button.js";
import { isMuted, speed, SPEEDS, volume } from "./taste.js";

export function Controls({ playback, screen, perSecond, isSound }) {
  return html`
    <div class="player-controls" role="group" aria-label="Player">
      <${Play} playback=${playback} />
      <${Clock} playback=${playback} />
      <${Volume} />
      <div class="player-more">
        ${!isSound && html`
          <${PlayerButton} icon="frame-back" name="One picture back" keys="," press=${() => playback.step(-1, perSecond)} />
          <${PlayerButton} icon="frame-on" name="One picture on" keys="." press=${() => playback.step(1, perSecond)} />
        `}
        <${Speed} />
        <${PlayerButton} icon="loop" name="Play again and again" press=${() => (playback.isLooping.value = !playback.isLooping.peek())}
          pressed=${String(playback.isLooping.value)} />
        ${!isSound && screen.canStandAside() && html`
          <${PlayerButton} icon="aside" name="Picture-in-picture" press=${() => screen.toggleAside()} pressed=${String(screen.isAside.value)} />
        `}
      </div>
      ${!isSound && screen.canFill() && html`<${Full} screen=${screen} />`}
    </div>
  `;
}

function Play({ playback }) {
  const plays = playback.isPlaying.value;
  return html`
    <${PlayerButton} icon=${plays ? "pause" : "play"} name=${plays ? "Pause" : "Play"} keys="K" className="player-play"
      press=${() => playback.toggle()} data-play />
  `;
}

function Clock({ playback }) {
  const length = playback.length.value;
  // The place changes with every picture, its words once a second.
  const place = useComputed(() => clockTime(playback.seconds.value, { long: playback.length.value >= 3600 }));
  return html`
    <p class="player-clock figures" aria-hidden="true">
      ${place.value}<span class="soft"> / ${clockTime(length)}</span>
    </p>
  `;
}

function Volume() {
  const silent = isMuted.value || volume.value === 0;
  const set = (event) => {
    volume.value = Number(event.target.value) / 100;
    isMuted.value = false;
  };
  return html`
    <div class="player-volume">
      <${PlayerButton} icon=${silent ? "muted" : "volume"} name=${silent ? "Sound on" : "Sound off"} keys="M" press=${() => hush(silent)} />
      <input type="range" min="0" max="100" step="5" aria-label="Volume" value=${silent ? 0 : Math.round(volume.value * 100)} onInput=${set} />
    </div>
  `;
}

function hush(isSilent) {
  isMuted.value = !isSilent;
  if (isSilent && volume.peek() === 0) volume.value = 0.5;
}

const Speed = () => html`
  <select class="player-speed figures" aria-label="Speed" title="Speed (< and >)" value=${String(speed.value)}
    onChange=${(event) => (speed.value = Number(event.target.value))}>
    ${SPEEDS.map((each) => html`<option key=${each} value=${String(each)}>${each}×</option>`)}
  </select>
`;

function Full({ screen }) {
  const full = screen.isFull.value;
  return html`
    <${PlayerButton} icon=${full ? "unfull" : "full"} name=${full ? "Leave full screen" : "Full screen"} keys="F" press=${() => screen.toggle()} />
  `;
}
