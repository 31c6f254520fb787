import { setTimeout as delay } from "node:timers/promises";
import type { WebSocket } from "ws";

/** Maximum frames and bytes in the queue before the server stops reading the socket. */
const MAX_WAITING = 64;
const MAX_WAITING_BYTES = 1024 * 1024;
/** Maximum bytes that the client has not read before the server stops handling its frames. */
const MAX_UNREAD_BYTES = 256 * 1024;
const POLL_MS = 20;

/** Handles received frames one after the other, and not faster than the client reads the answers. */
export class FrameQueue {
  readonly #socket: WebSocket;
  readonly #schedule: (work: () => Promise<void>) => Promise<void>;
  #handled: Promise<void> = Promise.resolve();
  #waiting = 0;
  #waitingBytes = 0;
  #isStopped = false;

  /** `schedule` runs work when it is the turn of the connection's user. */
  constructor(socket: WebSocket, schedule: (work: () => Promise<void>) => Promise<void>) {
    this.#socket = socket;
    this.#schedule = schedule;
  }

  /** Runs `work` after all earlier work. `work` must not reject. */
  add(bytes: number, work: () => Promise<void>): void {
    this.#waiting += 1;
    this.#waitingBytes += bytes;
    if (this.#isFull(1)) this.#socket.pause();
    this.#handled = this.#handled.then(() => this.#handle(bytes, work));
  }

  /** Stops reading. Resolves when all received frames are handled. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#socket.pause();
    return this.#handled;
  }

  async #handle(bytes: number, work: () => Promise<void>): Promise<void> {
    while (this.#socket.bufferedAmount > MAX_UNREAD_BYTES && this.#isOpen) {
      await delay(POLL_MS, undefined, { ref: false });
    }
    await this.#schedule(work);
    this.#waiting -= 1;
    this.#waitingBytes -= bytes;
    if (this.#socket.isPaused && !this.#isStopped && !this.#isFull(0.5)) this.#socket.resume();
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  #isFull(part: number): boolean {
    return this.#waiting >= part * MAX_WAITING || this.#waitingBytes >= part * MAX_WAITING_BYTES;
  }
}
