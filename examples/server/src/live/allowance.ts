/** Seconds' worth of frames that may come at once after a silence. */
const BURST = 5;

/** How many frames a connection may still send: `perSecond` in the long run. */
export class FrameAllowance {
  readonly #perSecond: number;
  #left: number;
  #at = performance.now();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = BURST * perSecond;
  }

  /** Whether one more is within it. */
  take(): boolean {
    const now = performance.now();
    const earned = ((now - this.#at) / 1000) * this.#perSecond;
    this.#left = Math.min(BURST * this.#perSecond, this.#left + earned);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
