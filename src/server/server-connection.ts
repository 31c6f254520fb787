import { numberArgument, objectArgument } from "../arguments.js";
import { copyOfBytes } from "../bytes.js";
import { unixNow } from "../clock.js";
import { CLOSE, closeCode } from "../connection/close-codes.js";
import { SteadyClock } from "../connection/steady-clock.js";
import type { VerifiedMessage } from "../envelope/message-protocol.js";
import { LacreError } from "../errors.js";
import type { ChatMessage, StatusEvent } from "../messages/chat.js";
import type { ValueToSend } from "../messages/define-message.js";
import type { DevicesEvent } from "../messages/devices.js";
import { ErrorResponse } from "../messages/error-response.js";
import { acceptHello } from "./accept-hello.js";
import { type ConnectionOptions, checkOptions, type Handshake } from "./connection-options.js";
import { copyOfFrame } from "./copy-of-frame.js";
import { subjectOf } from "./error-subject.js";
import { FrameQueue } from "./frame-queue.js";
import { handleRequest } from "./handle-request.js";
import type { ChatState, StoredMessage } from "./message-store.js";
import { type FrameChannel, Peer } from "./peer.js";
import { errorOf, invalidFrame, RejectionError, unavailable } from "./rejection.js";

/** Seconds that a client has for its hello, and after the welcome for its first frame (S-19, S-24). */
const HANDSHAKE_TIMEOUT = 10;
/** Heartbeat intervals without a frame of the client after which the connection counts as silent. */
const SILENT_HEARTBEATS = 3;
/** Maximum bytes that wait for a client which does not read, or whose connection is not confirmed. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** Bytes that a client may leave unread before its next frame waits. */
const MAX_UNREAD_BYTES = 256 * 1024;
/** Milliseconds until the unread bytes are checked again: at first, and at most, so that many slow clients cost little. */
const FIRST_POLL_MS = 20;
const MAX_POLL_MS = 160;
/** Approximate memory of a buffered delivery in bytes, without its content. */
const DELIVERY_BYTES = 128;
const SERVER_ERROR = 1011;

/** A value that a delivery sends. */
type StatusToSend = ValueToSend<typeof StatusEvent.schema>;

/** The server's side of a connection. `acceptConnection` returns it. */
export class ServerConnection<
  Stored extends StoredMessage = StoredMessage,
  Chat extends ChatState = ChatState,
> {
  /** Id of the session's user. */
  readonly user_id: number;
  readonly #options: ConnectionOptions<Stored, Chat>;
  readonly #silentAfter: number;
  /** What the handshake needs. Released after it, because a server has many idle connections. */
  #handshake: Handshake | undefined;
  readonly #queue: FrameQueue;
  readonly #clock = new SteadyClock();
  #peer: Peer | undefined;
  #isConfirmed = false;
  #isClosed = false;
  /** Deliveries until the connection is confirmed, and their approximate size. */
  #pending: ((peer: Peer) => void)[] | undefined;
  #pendingBytes = 0;
  /** Whether the client was active since the last tick, and the time of that tick. */
  #wasActive = true;
  #activeAt = 0;

  /** @internal */
  constructor(options: ConnectionOptions<Stored, Chat>) {
    const handshake = checkOptions(options);
    this.user_id = handshake.session.user_id;
    this.#options = options;
    this.#silentAfter = SILENT_HEARTBEATS * handshake.offer.heartbeat;
    this.#handshake = handshake;
    this.#queue = new FrameQueue(options);
    const { channel } = options;
    if (channel === undefined) return;
    const peer = this.#peerOn(channel, []);
    this.#peer = peer;
    void this.#enqueue(0, () => this.#confirmWithoutFrame(peer));
  }

  /** Whether a frame has proved that the client has the keys of this connection. A hello does not: it may be a recording. */
  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }

  /** Whether either end closed the connection. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Capabilities that both ends announced. Empty before the handshake. */
  get capabilities(): readonly string[] {
    return this.#peer?.capabilities ?? [];
  }

  /**
   * Handles a message that the socket received, after all earlier ones. `data` may be of any type: all but valid frames are
   * answered with an error. The promise is fulfilled when the frame is handled or dropped, and never rejected because of the
   * frame or the store. If more than 4,096 frames or 16 MiB wait, the connection is closed with 1013.
   */
  receive(data: unknown): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    const frame = copyOfFrame(data);
    if (!this.#queue.isFullFor(frame.length)) {
      return this.#enqueue(frame.length, () => this.#handle(frame));
    }
    this.close(CLOSE.tryAgainLater);
    return Promise.resolve();
  }

  /**
   * Sends a message that another connection stored. Before the connection is confirmed it is buffered, at most 1 MiB; before
   * the handshake it is ignored, because the client requests what it missed.
   *
   * @throws {ValidationError} if `message` is not an object.
   */
  deliver(message: ChatMessage): void {
    const { content, nonce } = objectArgument(message, "message");
    if (this.#isConfirmed) return this.#sendNow((peer) => peer.sendMessage(message));
    const own = { ...message, content: copyOf(content), nonce: copyOf(nonce) };
    this.#whenConfirmed((peer) => peer.sendMessage(own), DELIVERY_BYTES + (content?.length ?? 0));
  }

  /**
   * Sends a status like `deliver`. It is ignored if it needs a capability that is not in force, and if it is `typing` less
   * than a second after the last one of the same user and chat (S-19a).
   *
   * @throws {ValidationError} if `status` is not an object.
   */
  deliverStatus(status: StatusToSend): void {
    const own = { ...objectArgument(status, "status") };
    this.#whenConfirmed((peer) => peer.sendStatus(own), DELIVERY_BYTES);
  }

  /**
   * Sends that a user's device log has grown, like `deliver`. It is ignored if the capability `devices` is not in force.
   *
   * @throws {ValidationError} if `devices` is not an object.
   */
  deliverDevices(devices: DevicesEvent): void {
    const own = { ...objectArgument(devices, "devices") };
    this.#whenConfirmed((peer) => peer.sendDevices(own), DELIVERY_BYTES);
  }

  /**
   * Closes the connection with 4003 if the client is silent: no hello, or no frame after the welcome, for 10 s, or no frame
   * for 3 heartbeats. Call it every second or so. `now` is in seconds, of a clock that does not jump:
   * `performance.now() / 1000`.
   *
   * @throws {ValidationError} if `now` is not a number.
   */
  tick(now: number): void {
    const time = numberArgument(now, "now", Number.NEGATIVE_INFINITY);
    if (this.#isClosed || this.#options.channel !== undefined) return;
    if (this.#wasActive || time < this.#activeAt) {
      this.#wasActive = false;
      this.#activeAt = time;
      return;
    }
    const { handshakeTimeout = HANDSHAKE_TIMEOUT } = this.#options;
    const timeout = this.#isConfirmed ? this.#silentAfter : handshakeTimeout;
    if (time - this.#activeAt >= timeout) this.close(CLOSE.silent);
  }

  /**
   * Closes the connection, such as with `CLOSE.restart` or `CLOSE.notAuthorised`. Frames that wait are dropped. A message that
   * the store is storing is still reported to `onStored`.
   *
   * @throws {ValidationError} if `code` is not a number of at least 1000.
   */
  close(code: number): void {
    numberArgument(code, "code", 1000);
    if (this.#isClosed) return;
    this.closed();
    try {
      this.#options.close(code, closeCode(code).name);
    } catch (error) {
      // Some sockets throw when they are no longer open. The caller may have more to do, for other connections.
      this.#options.onRejected?.(unavailable(), error);
    }
  }

  /** Reports that the socket is closed. */
  closed(): void {
    this.#isClosed = true;
    this.#pending = undefined;
    this.#queue.clear();
  }

  /** Does work of `bytes` bytes after all earlier work, when the client has read enough and it is the user's turn. */
  #enqueue(bytes: number, work: () => Promise<void>): Promise<void> {
    const options = this.#options;
    return this.#queue.add(bytes, async () => {
      await this.#untilRead();
      if (options.schedule === undefined) await work();
      else await options.schedule(work, bytes);
    });
  }

  /** Handles a frame, or sends an error that says why it is rejected. */
  async #handle(frame: Uint8Array): Promise<void> {
    if (this.#isClosed) return;
    const peer = this.#peer;
    const handshake = this.#handshake;
    if (peer === undefined) return handshake && this.#acceptHello(frame, handshake);
    let message: VerifiedMessage | undefined;
    try {
      message = open(peer, frame);
      this.#wasActive = true;
      if (message.wire !== peer.wire) return this.close(CLOSE.protocolError);
      if (!this.#isConfirmed) await this.#confirm(peer);
      await this.#options.admit?.(message);
      if (this.#isClosed) return;
      await handleRequest(message, { user_id: this.user_id, peer, options: this.#options });
    } catch (error) {
      this.#reject(error, message);
    }
  }

  #acceptHello(frame: Uint8Array, { session, offer }: Handshake): void {
    this.#handshake = undefined;
    try {
      const accepted = acceptHello(frame, session.session_key, offer, this.#now());
      const inForce = accepted.hello.capabilities.filter((one) => offer.capabilities.includes(one));
      this.#peer = this.#peerOn(accepted.channel, inForce);
      this.#wasActive = true;
      this.#transmit(accepted.frame);
    } catch (error) {
      const isWire = error instanceof LacreError && error.code === "ERR_NO_COMMON_WIRE";
      this.close(isWire ? CLOSE.noCommonWire : CLOSE.policy);
    }
  }

  async #confirm(peer: Peer): Promise<void> {
    await this.#options.onConfirmed?.();
    if (this.#isClosed) return;
    this.#isConfirmed = true;
    const pending = this.#pending ?? [];
    this.#pending = undefined;
    for (const send of pending) this.#sendNow(() => send(peer));
  }

  /** Confirms a version 1 client, which may never send a frame. If that fails, its first frame tries again. */
  async #confirmWithoutFrame(peer: Peer): Promise<void> {
    try {
      await this.#confirm(peer);
    } catch (error) {
      this.#options.onRejected?.(unavailable(), error);
    }
  }

  #whenConfirmed(send: (peer: Peer) => void, bytes: number): void {
    if (this.#isConfirmed) return this.#sendNow(send);
    if (this.#isClosed || this.#peer === undefined) return;
    this.#pendingBytes += bytes;
    if (this.#pendingBytes > MAX_WAITING_BYTES) return this.close(CLOSE.tooSlow);
    this.#pending ??= [];
    this.#pending.push(send);
  }

  /** Sends a delivery. If it cannot be encoded, only this connection is closed: the other recipients continue. */
  #sendNow(send: (peer: Peer) => void): void {
    if (this.#isClosed || this.#peer === undefined) return;
    try {
      send(this.#peer);
    } catch (error) {
      this.#options.onRejected?.(unavailable(), error);
      this.close(SERVER_ERROR);
    }
  }

  #reject(error: unknown, message: VerifiedMessage | undefined): void {
    const rejection = error instanceof RejectionError ? error : unavailable();
    this.#options.onRejected?.(rejection, error);
    const subject = subjectOf(message);
    try {
      this.#peer?.send(ErrorResponse, errorOf(rejection, subject));
    } catch (cause) {
      // The store's code or details fit no frame.
      this.#options.onRejected?.(unavailable(), cause);
      this.#sendNow((peer) => peer.send(ErrorResponse, errorOf(unavailable(), subject)));
    }
  }

  #peerOn(channel: FrameChannel, capabilities: string[]): Peer {
    return new Peer(channel, capabilities, {
      now: () => this.#now(),
      transmit: (bytes) => this.#transmit(bytes),
    });
  }

  /** Sends a frame, or closes the connection if the client reads too slowly. */
  #transmit(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#unread + bytes.length > MAX_WAITING_BYTES) {
      return this.close(CLOSE.tooSlow);
    }
    try {
      this.#options.send(bytes);
    } catch (error) {
      // Some sockets throw when they are no longer open.
      this.#options.onRejected?.(unavailable(), error);
      this.close(SERVER_ERROR);
    }
  }

  /** Waits until the client has read enough of the earlier answers. */
  async #untilRead(): Promise<void> {
    let delay = FIRST_POLL_MS;
    while (!this.#isClosed && this.#unread > MAX_UNREAD_BYTES) {
      await wait(delay);
      delay = Math.min(2 * delay, MAX_POLL_MS);
    }
  }

  /** Bytes that the client has not read yet. */
  get #unread(): number {
    return this.#options.buffered?.() ?? 0;
  }

  #now(): number {
    const options = this.#options;
    return this.#clock.read(options.now === undefined ? unixNow() : options.now());
  }
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function open(peer: Peer, frame: Uint8Array): VerifiedMessage {
  try {
    return peer.open(frame);
  } catch (error) {
    throw invalidFrame(error);
  }
}

function copyOf(bytes: Uint8Array): Uint8Array {
  return copyOfBytes(bytes) ?? bytes;
}
