import { setTimeout as delay } from "node:timers/promises";
import type { WebSocket } from "ws";

/** What may wait to be handled before no more is read. */
const MAX_WAITING = 64;
const MAX_WAITING_BYTES = 1024 * 1024;
/** Bytes that may wait for a client before it is asked what else it wants. */
const MAX_UNREAD_BYTES = 256 * 1024;
const POLL_MS = 20;

/** What came in, handled one after the other: no faster than its sender reads the answers. */
export class FrameQueue {
  readonly #socket: WebSocket;
  #handled: Promise<void> = Promise.resolve();
  #waiting = 0;
  #waitingBytes = 0;
  #isStopped = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Does `work` when all before it is done. It must not fail. */
  add(bytes: number, work: () => Promise<void>): void {
    this.#waiting += 1;
    this.#waitingBytes += bytes;
    if (this.#isFull(1)) this.#socket.pause();
    this.#handled = this.#handled.then(() => this.#handle(bytes, work));
  }

  /** Reads no more; when everything that came in so far is handled. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#socket.pause();
    return this.#handled;
  }

  async #handle(bytes: number, work: () => Promise<void>): Promise<void> {
    while (this.#socket.bufferedAmount > MAX_UNREAD_BYTES && this.#isOpen) {
      await delay(POLL_MS, undefined, { ref: false });
    }
    await work();
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
