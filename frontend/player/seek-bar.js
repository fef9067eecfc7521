// The seek bar: where it is, what is loaded, and a look ahead under the pointer or for the keyboard.
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { spokenTime } from "../words/lengths.js";
import { SeekPreview } from "./seek-preview.js";

const percentOf = (seconds, length) => (length > 0 ? Math.min(100, Math.max(0, (seconds / length) * 100)) : 0);

/** `ground`: the address of a waveform to lie under it, or "". */
export function SeekBar({ video, playback, ground = "" }) {
  const bar = useRef();
  const looking = useSignal(null);
  const length = playback.length.value;
  // Whole seconds only: it is read out at each change.
  const second = useComputed(() => Math.floor(playback.seconds.value)).value;
  const pointer = usePointer(bar, playback, looking);
  const keys = (event) => seekByKey(event, playback, looking);
  const lookHere = () => bar.current.matches(":focus-visible") && (looking.value = "here");
  return html`
    <div class=${`seek ${ground ? "seek-waveform" : ""}`} ref=${bar} role="slider" tabindex="0" aria-label="Place in the video"
      aria-orientation="horizontal" aria-valuemin="0" aria-valuemax=${Math.floor(length) || 0} aria-valuenow=${second}
      aria-valuetext=${`${spokenTime(second)} of ${spokenTime(length)}`}
      onKeyDown=${keys} onFocus=${lookHere} onBlur=${() => (looking.value = null)} ...${pointer}>
      ${ground && html`<img class="seek-ground" src=${ground} alt="" draggable=${false} />`}
      <div class="seek-track"><${Buffered} playback=${playback} /><${Played} playback=${playback} /></div>
      <${Thumb} playback=${playback} />
      ${looking.value !== null && html`<${SeekPreview} video=${video} length=${length}
        seconds=${looking.value === "here" ? playback.seconds.value : looking.value} />`}
    </div>
  `;
}

/** Press, drag and hover. `looking` is the place under the pointer. */
function usePointer(bar, playback, looking) {
  const drags = useRef(false);
  const placeOf = (event) => {
    const { left, width } = bar.current.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - left) / width)) * (playback.length.peek() || 0);
  };
  return {
    onPointerDown: (event) => {
      if (event.button !== 0) return;
      bar.current.setPointerCapture(event.pointerId);
      drags.current = true;
      looking.value = placeOf(event);
      playback.seek(looking.value);
    },
    onPointerMove: (event) => {
      looking.value = placeOf(event);
      if (drags.current) playback.seek(looking.value);
    },
    onPointerUp: (event) => {
      drags.current = false;
      if (event.pointerType === "touch") looking.value = null;
    },
    onPointerCancel: () => {
      drags.current = false;
      looking.value = null;
    },
    onPointerLeave: () => {
      if (!drags.current) looking.value = null;
    },
  };
}

function seekByKey(event, playback, looking) {
  const length = playback.length.peek() || 0;
  const step = { ArrowRight: 5, ArrowUp: 5, ArrowLeft: -5, ArrowDown: -5, PageUp: length / 10, PageDown: -length / 10 }[event.key];
  // Home, End and the letters are the player's keys as everywhere in it.
  if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  playback.move(step);
  looking.value = "here";
}

function Played({ playback }) {
  const part = useRef();
  useSignalEffect(() => {
    part.current.style.width = `${percentOf(playback.seconds.value, playback.length.value)}%`;
  });
  return html`<span class="seek-played" ref=${part} />`;
}

function Thumb({ playback }) {
  const thumb = useRef();
  useSignalEffect(() => {
    thumb.current.style.left = `${percentOf(playback.seconds.value, playback.length.value)}%`;
  });
  return html`<span class="seek-thumb" ref=${thumb} />`;
}

const Buffered = ({ playback }) =>
  playback.buffered.value.map((range, at) => html`<${Range} key=${at} range=${range} length=${playback.length.value} />`);

function Range({ range, length }) {
  const part = useRef();
  useEffect(() => {
    part.current.style.left = `${percentOf(range.from, length)}%`;
    part.current.style.width = `${percentOf(range.to - range.from, length)}%`;
  }, [range, length]);
  return html`<span class="seek-buffered" data-from=${range.from.toFixed(1)} data-to=${range.to.toFixed(1)} ref=${part} />`;
}
