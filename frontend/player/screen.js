// Full screen and picture-in-picture, where the browser has them; and when the controls may step aside.
import { effect, signal } from "@preact/signals";

const IDLE_MS = 3000;

export class Screen {
  isFull = signal(false);
  isAside = signal(false);
  /** In full screen, playing, and nobody moved for a while. */
  isIdle = signal(false);
  #root = null;
  #element = null;
  #timer = null;

  attach(root, element, playback) {
    this.#root = root;
    this.#element = element;
    const ending = new AbortController();
    const hear = (target, name, act) => target.addEventListener(name, act, { signal: ending.signal });
    hear(document, "fullscreenchange", () => (this.isFull.value = document.fullscreenElement === root));
    hear(element, "enterpictureinpicture", () => (this.isAside.value = true));
    hear(element, "leavepictureinpicture", () => (this.isAside.value = false));
    for (const name of ["pointermove", "pointerdown", "keydown", "focusin"]) hear(root, name, () => this.#stir(playback));
    const stop = effect(() => void (this.isFull.value, playback.isPlaying.value, this.#stir(playback)));
    return () => {
      ending.abort();
      stop();
      clearTimeout(this.#timer);
      if (document.fullscreenElement === root) document.exitFullscreen().catch(() => {});
      if (document.pictureInPictureElement === element) document.exitPictureInPicture().catch(() => {});
    };
  }

  #stir(playback) {
    clearTimeout(this.#timer);
    this.isIdle.value = false;
    if (!this.isFull.peek() || !playback.isPlaying.peek()) return;
    // Whoever is at the controls with the keyboard keeps them in sight.
    this.#timer = setTimeout(() => (this.isIdle.value = !this.#root.querySelector(":focus-visible")), IDLE_MS);
  }

  canFill = () => Boolean(document.fullscreenEnabled || HTMLVideoElement.prototype.webkitEnterFullscreen);
  canStandAside = () => Boolean(document.pictureInPictureEnabled);

  toggle() {
    if (document.fullscreenElement === this.#root) document.exitFullscreen();
    else if (this.#root?.requestFullscreen) this.#root.requestFullscreen().catch(() => {});
    // iPhones fill their screen with the bare element only.
    else this.#element?.webkitEnterFullscreen?.();
  }

  toggleAside() {
    if (document.pictureInPictureElement) document.exitPictureInPicture().catch(() => {});
    else this.#element?.requestPictureInPicture?.().catch(() => {});
  }
}
