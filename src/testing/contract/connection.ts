import { unixNow } from "../../clock.js";
import { MessageProtocol } from "../../envelope/message-protocol.js";
import type { StatusEvent } from "../../messages/chat.js";
import type { Heartbeat, Welcome } from "../../messages/connection.js";
import type { ErrorResponse } from "../../messages/error-response.js";
import {
  connectionKeys,
  type FrameKeys,
  isSignedWith,
  joined,
  random,
  signedFrame,
} from "./codec.js";
import { asContractError, ContractError, check, stepOf } from "./contract-error.js";
import { shown, shownFrame } from "./exchange.js";
import { registry, type ServerValues } from "./server-messages.js";
import { STEPS } from "./steps.js";
import type { ContractSocket } from "./target.js";

/** The key that signed a frame: derived with the connection's nonces, or from the session key alone. */
type Signer = "connection server" | "connection client" | "session server" | "session client";

/** A received frame. Any signer is accepted, so that a wrong key fails only the cases about keys. */
export interface ReceivedFrame {
  readonly type: string;
  readonly value: unknown;
  readonly message: MessageProtocol;
  readonly signer: Signer | undefined;
}

/** The offer of a hello. */
export interface Offer {
  readonly wires?: readonly number[];
  readonly capabilities?: readonly string[];
}

/** Properties of a frame in which it differs from a valid one. */
export interface FrameOverrides {
  readonly key?: Uint8Array;
  readonly wire?: 1 | 2;
  /** Seconds before the server's time. */
  readonly age?: number;
}

interface ConnectionOptions {
  readonly sessionKey: Uint8Array;
  /** Timeout of an answer, in seconds. */
  readonly timeout: number;
  /** Records what happens on the connection. */
  readonly record: (text: string) => void;
}

/** Close code of a server that reads no text messages (RFC 6455, section 7.4.1). */
export const UNSUPPORTED_DATA = 1003;
/** The `readyState` of an open WebSocket. */
const OPEN = 1;
/** In seconds. */
const MICROSECOND = 1e-6;

/** A client's end of a WebSocket, which can send valid and invalid frames and records all received frames. */
export class Connection {
  readonly #socket: ContractSocket;
  readonly #timeout: number;
  readonly #sessionKeys: FrameKeys;
  readonly #sessionKey: Uint8Array;
  readonly #frames: ReceivedFrame[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #record: (text: string) => void;
  #isOpen = false;
  #isEnded = false;
  #closeCode: number | undefined;
  #failure: string | undefined;
  #keys: FrameKeys | undefined;
  #wire: 1 | 2 = 1;
  /** Numbers of frames since the welcome. */
  #sent = 0;
  #received = 0;
  #clockOffset = 0;
  /** Timestamp of the previous frame that has the time of its sending. */
  #timestamp = 0;

  constructor(socket: ContractSocket, { sessionKey, timeout, record }: ConnectionOptions) {
    this.#socket = socket;
    this.#record = record;
    this.#sessionKey = sessionKey;
    this.#sessionKeys = connectionKeys(sessionKey);
    this.#timeout = timeout;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#changed(() => this.#opened());
    socket.onmessage = ({ data }) => this.#changed(() => this.#receive(data));
    socket.onclose = ({ code }) => this.#changed(() => this.#closed(code));
    socket.onerror = () => {};
    if (socket.readyState === OPEN) this.#opened();
  }

  /** Numbers of frames sent and received since the welcome. */
  get counts(): { readonly sent: number; readonly received: number } {
    return { sent: this.#sent, received: this.#received };
  }

  /** The keys of this connection's two directions. */
  get keys(): FrameKeys {
    return this.#keys!;
  }

  /** The wire that the welcome names. */
  get wire(): 1 | 2 {
    return this.#wire;
  }

  /** Waits until the WebSocket opens or closes. Returns whether it has opened. */
  async opens(): Promise<boolean> {
    await this.#until("the WebSocket to open or close", () => this.#isOpen || this.#hasClosed);
    return this.#isOpen;
  }

  /** Sends bytes or text unchanged. */
  sendRaw(data: Uint8Array | string): void {
    const text = typeof data === "string" ? `the text ${shown(data)}` : shownFrame(data);
    this.#record(`sends ${text}`);
    this.#socket.send(data);
  }

  /** Sends a hello. Returns its nonce. */
  sendHello(
    offer: Offer = {},
    { key = this.#sessionKeys.client, wire = 1, age = 0 }: FrameOverrides = {},
  ): Uint8Array {
    const nonce = random(16);
    const payload = { nonce, wires: [2, 1], capabilities: [], ...offer };
    const timestamp = unixNow() - age;
    this.sendRaw(signedFrame({ type: "hello", payload, timestamp, wire }, key));
    return nonce;
  }

  /** Sends a hello, waits for the welcome, and derives the keys of the connection. */
  async handshake(
    offer?: Offer,
    overrides?: FrameOverrides,
  ): Promise<ReceivedFrame & { readonly value: Welcome }> {
    const hello = this.sendHello(offer, overrides);
    const received = await this.next("welcome");
    const { value, message } = received;
    check(value.wire === 1 || value.wire === 2, "welcome to name wire 1 or 2", value.wire);
    this.#keys = connectionKeys(this.#sessionKey, joined(hello, value.nonce));
    this.#wire = value.wire;
    this.#clockOffset = message.timestamp - unixNow();
    return received;
  }

  /** Confirms the keys of the connection with a first frame (S-24), and waits for the answer. */
  async confirm(): Promise<void> {
    const sent_at = Math.floor(this.serverTime) - 1;
    this.send("heartbeat", { sent_at });
    await this.next("heartbeat", "as an answer to the first", (value) => value.sent_at === sent_at);
  }

  /** Returns whether a frame of this type was received and not taken yet. */
  hasReceived(
    type: keyof ServerValues,
    isExpected: (value: never) => boolean = () => true,
  ): boolean {
    return this.#frames.some((one) => one.type === type && isExpected(one.value as never));
  }

  /** Sends a frame on the chosen wire, unless `overrides` says otherwise. Returns the frame. */
  send(
    type: string,
    payload: object | Uint8Array,
    { key = this.keys.client, wire = this.#wire, age = 0 }: FrameOverrides = {},
  ): Uint8Array {
    const timestamp = age === 0 ? this.nextTimestamp() : this.serverTime - age;
    const frame = signedFrame({ type, payload, timestamp, wire }, key);
    this.sendRaw(frame);
    this.#sent += 1;
    return frame;
  }

  /** Returns the server's time, or later than the previous timestamp (S-3a). */
  nextTimestamp(): number {
    this.#timestamp = Math.max(this.serverTime, this.#timestamp + MICROSECOND);
    return this.#timestamp;
  }

  /** Unix time in seconds by the server's clock. */
  get serverTime(): number {
    return unixNow() + this.#clockOffset;
  }

  /** Takes the first frame of this type for which `isExpected` is true, and waits for one if there is none. */
  async next<Type extends keyof ServerValues>(
    type: Type,
    about = "",
    isExpected: (value: ServerValues[Type]) => boolean = () => true,
  ): Promise<ReceivedFrame & { readonly value: ServerValues[Type] }> {
    const isIt = (one: ReceivedFrame) =>
      one.type === type && isExpected(one.value as ServerValues[Type]);
    const expected = about === "" ? `a frame of type ${type}` : `a frame of type ${type} ${about}`;
    await this.#until(expected, () => this.#frames.some(isIt) || this.#hasClosed);
    const at = this.#frames.findIndex(isIt);
    check(at >= 0, expected, this.#summary());
    return this.#frames.splice(at, 1)[0] as ReceivedFrame & { readonly value: ServerValues[Type] };
  }

  /** Takes the next error frame. Throws ContractError if it has another code. */
  async nextError(...codes: readonly string[]): Promise<ErrorResponse> {
    const { value } = await this.next("error", codes.join(" or "));
    const expected = `an error ${codes.join(" or ")}`;
    check(codes.length === 0 || codes.includes(value.error_code), expected, value);
    return value;
  }

  /** Takes all frames that are received before the answer to a heartbeat. It ignores `user_online` and `user_offline`. */
  async rest(): Promise<readonly ReceivedFrame[]> {
    const sent_at = Math.floor(this.serverTime);
    this.send("heartbeat", { sent_at });
    const isAnswer = (value: Heartbeat) => value.sent_at === sent_at;
    const answered = () => this.next("heartbeat", "as an answer to one", isAnswer);
    await stepOf(STEPS.heartbeat, answered).catch((error) => {
      // The case expects that the connection stays open.
      throw this.#hasClosed ? asContractError(error, { step: undefined }) : error;
    });
    const rest = this.#frames.filter(
      ({ type, value }) =>
        type !== "status" || !(value as StatusEvent).event_type.startsWith("user_"),
    );
    this.#frames.length = 0;
    return rest;
  }

  /** Throws ContractError if a frame was received and not taken, or if the connection is closed. */
  async expectNothing(): Promise<void> {
    const rest = await this.rest();
    check(
      rest.length === 0,
      "nothing more",
      rest.map(({ type, value }) => `${type} ${shown(value)}`).join(", "),
    );
  }

  /** Waits until the server closes the connection with one of these codes. */
  async expectClose(...codes: readonly number[]): Promise<void> {
    const expected = `the connection to be closed with ${codes.join(" or ")}`;
    await this.#until(expected, () => this.#hasClosed);
    check(codes.includes(this.#closeCode!), expected, this.#summary());
  }

  /** Waits until the server sends an error or closes the connection, whichever it chooses. */
  async expectErrorOrClose(errorCode: string, closeCode: number): Promise<void> {
    const isError = ({ type }: ReceivedFrame) => type === "error";
    const expected = `an error ${errorCode}, or the end with ${closeCode}`;
    await this.#until(expected, () => this.#frames.some(isError) || this.#hasClosed);
    const rejects = (this.#frames.find(isError)?.value as ErrorResponse)?.error_code === errorCode;
    check(rejects || this.#closeCode === closeCode, expected, this.#summary());
  }

  /** Starts to close the connection. */
  end(): void {
    this.#isEnded = true;
    this.#socket.close();
  }

  #opened(): void {
    this.#isOpen = true;
    this.#record("is open");
  }

  #closed(code: number): void {
    this.#closeCode = code;
    this.#record(`is closed ${this.#isEnded ? "by the case" : `by the server, with ${code}`}`);
  }

  get #hasClosed(): boolean {
    return this.#closeCode !== undefined || this.#failure !== undefined;
  }

  #changed(note: () => void): void {
    note();
    for (const look of this.#waiting) look();
  }

  #receive(data: unknown): void {
    try {
      const frame = new Uint8Array(data as ArrayBuffer);
      const message = MessageProtocol.fromBytes(frame);
      const parsed = registry.parse(message);
      const value = parsed.type === "unknown" ? undefined : parsed.value;
      if (this.#keys !== undefined) this.#received += 1;
      const signer = this.#signerOf(frame);
      this.#frames.push({ type: message.type, value, message, signer });
      const by = signer === undefined ? "an unknown key" : `the ${signer} key`;
      this.#record(`receives ${shownFrame(frame)}, signed with ${by}`);
    } catch (error) {
      this.#failure = `a frame that cannot be read: ${(error as Error).message}`;
      const text = typeof data === "string" ? `the text ${shown(data)}` : this.#failure;
      this.#record(`receives ${text}`);
    }
  }

  #signerOf(frame: Uint8Array): Signer | undefined {
    const keys: [Signer, Uint8Array | undefined][] = [
      ["connection server", this.#keys?.server],
      ["session server", this.#sessionKeys.server],
      ["connection client", this.#keys?.client],
      ["session client", this.#sessionKeys.client],
    ];
    return keys.find(([, key]) => key !== undefined && isSignedWith(frame, key))?.[0];
  }

  #until(expected: string, condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!condition()) return;
        settled();
        resolve();
      };
      const timer = setTimeout(() => {
        settled();
        const within = `${expected} within ${this.#timeout} s`;
        reject(new ContractError(within, this.#summary()));
      }, this.#timeout * 1000);
      const settled = () => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Describes the received frames that were not taken, and how the connection ended. */
  #summary(): string {
    const frames = this.#frames.map(({ type, value }) => `${type} ${shown(value)}`);
    if (this.#failure !== undefined) frames.push(this.#failure);
    if (this.#closeCode !== undefined) frames.push(`the end, with code ${this.#closeCode}`);
    return frames.length === 0 ? "nothing" : frames.join(", ");
  }
}
