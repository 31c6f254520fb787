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

  /** Spends the cost of a frame before it is opened. Returns a pause if the user has sent more than a burst too many. */
  take(bytes: number): Promise<void> | undefined {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    this.#early = isFirst ? 0 : this.#connection.allowance.take(costOfFrame(bytes));
    return this.#early > BURST ? this.#connection.pause(this.#early - BURST) : undefined;
  }

  /**
   * Returns a pause before an early frame, such as a receipt.
   *
   * @throws {HttpError} if the early frame is of a type that clients retry after a rejection.
   */
  throttle({ type }: MessageProtocol): Promise<void> | undefined {
    const early = Math.min(this.#early, BURST);
    if (early === 0) return undefined;
    if (type !== ChatMessage.type && type !== Resume.type) return this.#connection.pause(early);
    throw new HttpError(429, "ERR_RATE_LIMITED", "too many frames: send them more slowly", {
      retry_after: Math.ceil(early * 100) / 100,
    });
  }
}
