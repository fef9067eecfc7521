// A media element's doings as signals, and what can be asked of it. One for each source that is shown.
import { effect, signal } from "@preact/signals";
import { isMuted, speed, volume } from "./taste.js";

export class Playback {
  element = null;
  isPlaying = signal(false);
  /** Whether it would play, or show a picture, if only the bytes were here. */
  isWaiting = signal(true);
  hasEnded = signal(false);
  seconds = signal(0);
  length;
  /** [{from, to}] in seconds: what is in the browser already. */
  buffered = signal([]);
  isLooping = signal(false);
  /** How much of a video that is kept elsewhere the server has fetched back, in percent; null while it fetches none. */
  fetched = signal(null);
  /** Whatever stopped it: {words, heals}; see trouble.js. */
  problem = signal(null);
  /** Where to go on, and whether to play there, once the element is loaded again. */
  place = null;

  /** `at`: the second at which it stands at first. */
  constructor({ length = NaN, at = 0 } = {}) {
    this.length = signal(length || NaN);
    if (!(at > 0)) return;
    this.seconds.value = at;
    this.place = { seconds: at, plays: false };
  }

  /** Follow `element`. Returns the function that stops it and gives its connection back. */
  attach(element) {
    this.element = element;
    const ending = new AbortController();
    for (const [name, told] of Object.entries(this.#hears)) element.addEventListener(name, told, { signal: ending.signal });
    const stops = [
      effect(() => (element.playbackRate = element.defaultPlaybackRate = speed.value)),
      effect(() => (element.volume = volume.value)),
      effect(() => (element.muted = isMuted.value)),
      effect(() => (element.loop = this.isLooping.value)),
    ];
    return () => {
      ending.abort();
      stops.forEach((stop) => stop());
      this.element = null;
      release(element);
    };
  }

  #hears = {
    play: () => this.#moves(),
    playing: () => (this.isWaiting.value = false),
    pause: () => (this.isPlaying.value = false),
    ended: () => (this.hasEnded.value = true),
    waiting: () => (this.isWaiting.value = true),
    canplay: () => (this.isWaiting.value = false),
    loadeddata: () => (this.isWaiting.value = false),
    seeking: () => (this.isWaiting.value = true),
    seeked: () => {
      this.isWaiting.value = false;
      this.#look();
    },
    timeupdate: () => this.#look(),
    progress: () => this.#lookAtBuffered(),
    loadedmetadata: () => this.#settle(),
    durationchange: () => this.#settleLength(),
  };

  #moves() {
    this.isPlaying.value = true;
    this.hasEnded.value = false;
    const follow = () => {
      if (!this.element || this.element.paused) return;
      this.#look();
      requestAnimationFrame(follow);
    };
    requestAnimationFrame(follow);
  }

  #look() {
    // An element that was emptied stands at 0, and nobody went there.
    if (!this.element || this.place || this.element.readyState === 0) return;
    this.seconds.value = this.element.currentTime;
    if (!this.element.ended) this.hasEnded.value = false;
    this.#lookAtBuffered();
  }

  #lookAtBuffered() {
    const ranges = this.element.buffered;
    const found = Array.from({ length: ranges.length }, (_, at) => ({ from: ranges.start(at), to: ranges.end(at) }));
    if (JSON.stringify(found) !== JSON.stringify(this.buffered.peek())) this.buffered.value = found;
  }

  #settleLength() {
    // Some files tell their length only at their end; then what the server found out stands.
    if (Number.isFinite(this.element.duration)) this.length.value = this.element.duration;
  }

  /** The element knows its file (again): go on where it stopped. */
  #settle() {
    this.#settleLength();
    this.problem.value = this.fetched.value = null;
    const place = this.place;
    this.place = null;
    if (!place) return;
    this.element.currentTime = place.seconds;
    if (place.plays) this.play();
  }

  play() {
    if (!this.element) return;
    if (this.hasEnded.peek()) this.seek(0);
    // Refused without a press before, or ended by a pause: the button shows it.
    this.element.play().catch(() => (this.isPlaying.value = Boolean(this.element) && !this.element.paused));
  }

  toggle() {
    if (!this.element) return;
    if (this.element.paused) this.play();
    else this.element.pause();
  }

  /** Go to a place, within the video; what is shown follows at once. */
  seek(seconds) {
    const wanted = Math.min(Math.max(0, seconds), this.length.peek() || 0);
    if (!this.element || !Number.isFinite(wanted)) return;
    this.seconds.value = wanted;
    this.hasEnded.value = false;
    if (this.place) this.place.seconds = wanted;
    else this.element.currentTime = wanted;
  }

  move(seconds) {
    this.seek(this.seconds.peek() + seconds);
  }

  /** One picture on or back, standing still; into its middle, where no rounding leads to its neighbour. */
  step(frames, perSecond) {
    this.element?.pause();
    const shown = Math.floor(this.seconds.peek() * perSecond + 0.001);
    this.seek((Math.max(0, shown + frames) + 0.5) / perSecond);
  }

  /** Load once more and go on at the same place. */
  again() {
    if (!this.element) return;
    this.place ??= { seconds: this.seconds.peek(), plays: this.isPlaying.peek() };
    this.problem.value = null;
    this.isWaiting.value = true;
    this.element.load();
  }
}

/** An element that is only dropped may keep its connection and go on loading. */
function release(element) {
  element.pause();
  element.removeAttribute("src");
  element.load();
}
