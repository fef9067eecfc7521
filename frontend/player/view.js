// The player: `<Player video=… autoplay=… at=… keysRef=… />`. Plays the file or its copy for browsers, or says why it does not.
import { useMemo, useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { turnAround } from "../parts/focus-inside.js";
import { Controls } from "./controls.js";
import { keysFor, volumeKeys } from "./keys.js";
import { NotYet } from "./not-yet.js";
import { Playback } from "./playback.js";
import { Screen } from "./screen.js";
import { SeekBar } from "./seek-bar.js";
import { framesPerSecond, hasPicture, pictureOf, sourceOf } from "./source.js";
import { Stage } from "./stage.js";
import { watch } from "./trouble.js";

/** `keysRef.current`, while there is something to play, is the handler of its keys: for those who stand around it. */
export function Player({ video, autoplay = false, at = 0, keysRef }) {
  const source = sourceOf(video);
  // What had to be waited for does not burst out by itself.
  const wasThere = useRef(Boolean(source));
  if (!source) return html`<div class="player"><${NotYet} video=${video} /></div>`;
  return html`<${Playing} key=${source.url} video=${video} source=${source} autoplay=${autoplay && wasThere.current} at=${at} keysRef=${keysRef} />`;
}

function Playing({ video, source, autoplay, at, keysRef }) {
  const root = useRef();
  const element = useRef();
  const playback = useMemo(() => new Playback({ length: video.duration_seconds ?? video.media?.facts?.duration_seconds, at }), []);
  const screen = useMemo(() => new Screen(), []);
  const perSecond = framesPerSecond(video);
  const keys = keysFor(playback, { perSecond, screen });
  if (keysRef) keysRef.current = keys;
  useEffect(() => {
    const ends = [
      watch(playback, element.current, source.url),
      screen.attach(root.current, element.current, playback),
      playback.attach(element.current),
      () => keysRef && (keysRef.current = null),
    ];
    return () => ends.forEach((end) => end());
  }, []);
  useEffect(() => {
    if (autoplay) playback.play();
  }, [autoplay]);
  const handle = (event) => {
    if (event.key === "Tab" && screen.isFull.peek()) turnAround(event, root.current);
    else if (!keys(event)) volumeKeys(event);
  };
  return html`
    <div class=${`player ${screen.isFull.value ? "player-full" : ""} ${screen.isIdle.value ? "player-idle" : ""}`} ref=${root}
      role="region" aria-label="Player" onKeyDown=${handle} data-playing=${String(playback.isPlaying.value)}>
      <${Stage} video=${video} source=${source} playback=${playback} screen=${screen} element=${element} />
      <div class="player-bar">
        <${SeekBar} video=${video} playback=${playback} ground=${source.isSound && hasPicture(video) ? pictureOf(video) : ""} />
        <${Controls} playback=${playback} screen=${screen} perSecond=${perSecond} isSound=${source.isSound} />
      </div>
    </div>
  `;
}
