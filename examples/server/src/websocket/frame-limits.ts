import { ChatMessage, type MessageProtocol, Resume } from "lacre";
import { HttpError } from "../errors.js";
import { BURST, costOfFrame, type FrameAllowance } from "./frame-allowance.js";

/** What the limits of a connection's frames use of it. */
export interface LimitedConnection {
  /** Frame allowance that all connections of the user share. */
  readonly allowance: FrameAllowance;
  /** Waits, and lets other work of the user run in the meantime. */
  pause(seconds: number): Promise<void>;
}

/** Applies the user's frame allowance to the frames of a connection, which handles one at a time. */
export class FrameLimits {
  readonly #connection: LimitedConnection;
  /** Seconds by which the current frame is too early. */
  #early = 0;
  /** The first work of a connection is the handshake, which costs nothing. */
  #isFirst = true;

  constructor(connection: LimitedConnection) {
    this.#connection = connection;
  }

  /** Spends the cost of a frame before it is opened. Waits if the user has sent more than a burst too many. */
  async take(bytes: number): Promise<void> {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    this.#early = isFirst ? 0 : this.#connection.allowance.take(costOfFrame(bytes));
    if (this.#early > BURST) await this.#connection.pause(this.#early - BURST);
  }

  /** Rejects an early frame of a type that clients retry after a rejection; delays the others, such as receipts. */
  async throttle({ type }: MessageProtocol): Promise<void> {
    const early = Math.min(this.#early, BURST);
    if (early === 0) return;
    if (type !== ChatMessage.type && type !== Resume.type) return this.#connection.pause(early);
    throw new HttpError(429, "ERR_RATE_LIMITED", "too many frames: send them more slowly", {
      retry_after: Math.ceil(early * 100) / 100,
    });
  }
}
