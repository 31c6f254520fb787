/** Seconds' worth of frames that may come at once after a silence. */
export const BURST = 5;

/** How many frames a connection may still send: `perSecond` in the long run. */
export class FrameAllowance {
  readonly #perSecond: number;
  #left: number;
  #at = performance.now();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = BURST * perSecond;
  }

  /** Seconds by which one more comes too early; 0 if it does not. */
  take(): number {
    const now = performance.now();
    const earned = ((now - this.#at) / 1000) * this.#perSecond;
    this.#left = Math.min(BURST * this.#perSecond, this.#left + earned) - 1;
    this.#at = now;
    return Math.max(0, -this.#left) / this.#perSecond;
  }
}
