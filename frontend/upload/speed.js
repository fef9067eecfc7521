// Smooths the speed of one transfer: an average that forgets with a time constant of three seconds.
const FORGETS_SECONDS = 3;
const SHORTEST_STEP_SECONDS = 0.2;

export class SpeedMeter {
  #bytes = null;
  #at = performance.now();
  #rate = null;

  /** Note that `bytes` have left in all by now; the first note tells where the transfer begins. */
  note(bytes) {
    if (this.#bytes === null) {
      this.#bytes = bytes;
      this.#at = performance.now();
    }
    const seconds = (performance.now() - this.#at) / 1000;
    if (seconds < SHORTEST_STEP_SECONDS) return;
    const rate = Math.max(0, bytes - this.#bytes) / seconds;
    const weight = this.#rate === null ? 1 : 1 - Math.exp(-seconds / FORGETS_SECONDS);
    this.#rate = (this.#rate ?? 0) + weight * (rate - (this.#rate ?? 0));
    this.#bytes = bytes;
    this.#at = performance.now();
  }

  /** Bytes per second, or null before there is anything to say. */
  get bytesPerSecond() {
    return this.#rate;
  }
}
