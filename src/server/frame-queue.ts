/** Number and bytes of waiting frames from which the socket is paused. It continues when half of them are handled. */
const PAUSE_AT = { frames: 64, bytes: 1024 * 1024 };
/**
 * Maximum number and bytes of waiting frames, for sockets that cannot be paused. A `Session` sends at most 16 messages of a
 * full frame each, and 1 MiB of others, before it waits for answers.
 */
const MAX_WAITING = { frames: 4096, bytes: 16 * 1024 * 1024 };

/** The functions of a socket that stop and continue its reading, if it has them. */
export interface Pausable {
  readonly pause?: () => void;
  readonly resume?: () => void;
}

interface Waiting {
  readonly bytes: number;
  readonly work: () => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Handles received frames strictly one after the other, and pauses the socket while too many wait. */
export class FrameQueue {
  readonly #socket: Pausable;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #isRunning = false;
  #isPaused = false;

  constructor(socket: Pausable) {
    this.#socket = socket;
  }

  /** Whether another frame of this size exceeds the bounds. */
  isFullFor(bytes: number): boolean {
    return this.#waiting.length >= MAX_WAITING.frames || this.#bytes + bytes > MAX_WAITING.bytes;
  }

  /** Appends the work of a frame. Settles when it is done or dropped. */
  add(bytes: number, work: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, work, resolve, reject });
      this.#bytes += bytes;
      if (!this.#isPaused && this.#exceeds(1)) {
        this.#isPaused = true;
        this.#socket.pause?.();
      }
      if (!this.#isRunning) void this.#run();
    });
  }

  /** Drops the waiting frames, and lets the socket read again so that it receives the peer's close frame. */
  clear(): void {
    const dropped = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    for (const { resolve } of dropped) resolve();
    this.#resume();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { bytes, work, resolve, reject } = next;
      this.#bytes -= bytes;
      if (!this.#exceeds(0.5)) this.#resume();
      try {
        await work();
        resolve();
      } catch (error) {
        reject(error);
      }
    }
    this.#isRunning = false;
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume?.();
  }

  #exceeds(part: number): boolean {
    return this.#waiting.length >= part * PAUSE_AT.frames || this.#bytes >= part * PAUSE_AT.bytes;
  }
}
