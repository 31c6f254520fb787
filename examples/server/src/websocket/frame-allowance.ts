/** Maximum points that a user can accumulate, in seconds of their rate. */
export const BURST = 5;

/** Bytes of content per point. */
const BYTES_PER_POINT = 8192;
/** Messages of an answer per point. */
const MESSAGES_PER_POINT = 10;

/** Returns the cost of a received frame in points: one, plus one per `BYTES_PER_POINT`. */
export function costOfFrame(bytes: number): number {
  return 1 + Math.floor(bytes / BYTES_PER_POINT);
}

/** Returns the cost of the answer to a resume in points, in addition to the request's own cost. */
export function costOfAnswer(messages: readonly { readonly content: Uint8Array }[]): number {
  const bytes = messages.reduce((sum, { content }) => sum + content.length, 0);
  return Math.floor(messages.length / MESSAGES_PER_POINT + bytes / BYTES_PER_POINT);
}

/** Rate limit of a user's frames over all connections: a token bucket that earns `perSecond` points. */
export class FrameAllowance {
  readonly #perSecond: number;
  #left: number;
  #at = performance.now();
  /** Points spent that the other instances do not know of yet. */
  #unreported = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = BURST * perSecond;
  }

  /** Spends points. Returns the seconds until the bucket is no longer negative; 0 if it is not. */
  take(points: number): number {
    this.#earn();
    this.#left -= points;
    this.#unreported += points;
    return Math.max(0, -this.#left) / this.#perSecond;
  }

  /** Whether the bucket is full and nothing is unreported. */
  get isFull(): boolean {
    this.#earn();
    return this.#left >= BURST * this.#perSecond && this.#unreported === 0;
  }

  /** Returns the points spent since the last call. */
  takeUnreported(): number {
    const unreported = this.#unreported;
    this.#unreported = 0;
    return unreported;
  }

  /** Lowers the bucket to the points left over all instances, minus the unreported ones. */
  limitTo(left: number): void {
    this.#earn();
    this.#left = Math.min(this.#left, left - this.#unreported);
  }

  #earn(): void {
    const now = performance.now();
    const earned = ((now - this.#at) / 1000) * this.#perSecond;
    this.#left = Math.min(BURST * this.#perSecond, this.#left + earned);
    this.#at = now;
  }
}
