import type * as z from "zod/mini";
import { unixNow } from "../../clock.js";
import { randomBytes } from "../../crypto/random.js";
import { MessageProtocol } from "../../envelope/message-protocol.js";
import type { SigningKey } from "../../envelope/signing-key.js";
import { Ack, ChatMessage, StatusEvent } from "../../messages/chat.js";
import { Heartbeat, Hello, Welcome } from "../../messages/connection.js";
import type { MessageDefinition, PayloadSchema } from "../../messages/define-message.js";
import { ErrorResponse } from "../../messages/error-response.js";
import { MessageListResponse } from "../../messages/lists.js";
import { createRegistry } from "../../messages/registry.js";
import { type DirectionKeys, directionKeys } from "../../session/channel.js";
import { ContractFailure, check, shown } from "./failure.js";
import type { ContractSocket } from "./target.js";

const registry = createRegistry([
  ...[Ack, ChatMessage, ErrorResponse, Heartbeat, MessageListResponse, StatusEvent, Welcome],
]);

interface Values {
  readonly ack: Ack;
  readonly message: ChatMessage;
  readonly error: ErrorResponse;
  readonly heartbeat: Heartbeat;
  readonly message_list: MessageListResponse;
  readonly status: StatusEvent;
  readonly welcome: Welcome;
}

/** Whose key a frame is signed with: of this connection's nonces, or of the session alone. */
type Signer = "connection server" | "connection client" | "session server" | "session client";

/** A frame that came. It is taken whoever signed it, so that a case fails for what it is about and nothing else. */
export interface Heard {
  readonly type: string;
  readonly value: unknown;
  readonly message: MessageProtocol;
  readonly signer: Signer | undefined;
}

/** What a client offers in its hello. */
export interface Offer {
  readonly wires?: readonly number[];
  readonly capabilities?: readonly string[];
}

/** How a frame is made otherwise than it should be. */
export interface Oddity {
  readonly key?: SigningKey;
  readonly wire?: 1 | 2;
  /** Seconds before the server's time. */
  readonly age?: number;
}

/** A client's end of a WebSocket that does as it is told, right or wrong, and judges nothing. */
export class Connection {
  readonly #socket: ContractSocket;
  readonly #timeout: number;
  readonly #sessionKeys: DirectionKeys;
  readonly #sessionKey: Uint8Array;
  readonly #heard: Heard[] = [];
  readonly #waiting = new Set<() => void>();
  #isOpen = false;
  #closeCode: number | undefined;
  #trouble: string | undefined;
  #keys: DirectionKeys | undefined;
  #wire: 1 | 2 = 1;
  #clockOffset = 0;

  constructor(socket: ContractSocket, sessionKey: Uint8Array, timeout: number) {
    this.#socket = socket;
    this.#sessionKey = sessionKey;
    this.#sessionKeys = directionKeys(sessionKey);
    this.#timeout = timeout;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#changed(() => (this.#isOpen = true));
    socket.onmessage = ({ data }) => this.#changed(() => this.#hear(data));
    socket.onclose = ({ code }) => this.#changed(() => (this.#closeCode = code));
    socket.onerror = () => {};
  }

  /** The keys of this connection's two directions. */
  get keys(): DirectionKeys {
    return this.#keys!;
  }

  /** The wire that was agreed on. */
  get wire(): 1 | 2 {
    return this.#wire;
  }

  /** Whether the server lets the WebSocket open. */
  async opens(): Promise<boolean> {
    await this.#until("the WebSocket to open or close", () => this.#isOpen || this.#hasClosed);
    return this.#isOpen;
  }

  /** Sends bytes or text as they are. */
  transmit(data: Uint8Array | string): void {
    this.#socket.send(data);
  }

  /** Says hello, in one way or another; its nonce. */
  sayHello(
    offer: Offer = {},
    { key = this.#sessionKeys.client, wire = 1, age = 0 }: Oddity = {},
  ): Uint8Array {
    const nonce = randomBytes(16);
    const hello = { nonce, wires: [2, 1], capabilities: [], ...offer } as Hello;
    const timestamp = unixNow() - age;
    this.transmit(Hello.toProtocol(hello, key, { wire, timestamp }).toBytes());
    return nonce;
  }

  /** Says hello and takes what the welcome says. */
  async greet(offer?: Offer, oddity?: Oddity): Promise<Heard & { readonly value: Welcome }> {
    const hello = this.sayHello(offer, oddity);
    const heard = await this.next("welcome");
    const { value, message } = heard;
    check(value.wire === 1 || value.wire === 2, "welcome to name wire 1 or 2", value.wire);
    this.#keys = directionKeys(this.#sessionKey, { hello, welcome: value.nonce });
    this.#wire = value.wire;
    this.#clockOffset = message.timestamp - unixNow();
    return heard;
  }

  /** Sends a message as was agreed, or with some oddity; the frame. */
  send<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: z.input<Schema>,
    { key = this.keys.client, wire = this.#wire, age = 0 }: Oddity = {},
  ): Uint8Array {
    const timestamp = key.nextTimestamp(this.serverTime - age);
    const frame = definition.toProtocol(value, key, { wire, timestamp }).toBytes();
    this.transmit(frame);
    return frame;
  }

  /** Unix time in seconds by the server's clock. */
  get serverTime(): number {
    return unixNow() + this.#clockOffset;
  }

  /** Takes the first frame of a type that came and was not taken yet, of those that are `meant`; waits for it. */
  async next<Type extends keyof Values>(
    type: Type,
    about = "",
    isMeant: (value: Values[Type]) => boolean = () => true,
  ): Promise<Heard & { readonly value: Values[Type] }> {
    const isIt = (one: Heard) => one.type === type && isMeant(one.value as Values[Type]);
    const expected = about === "" ? `a frame of type ${type}` : `a frame of type ${type} ${about}`;
    await this.#until(expected, () => this.#heard.some(isIt) || this.#hasClosed);
    const at = this.#heard.findIndex(isIt);
    check(at >= 0, expected, this.#account());
    return this.#heard.splice(at, 1)[0] as Heard & { readonly value: Values[Type] };
  }

  /** Takes the refusal that comes next. Throws ContractFailure where it is of another code. */
  async nextError(...codes: readonly string[]): Promise<ErrorResponse> {
    const { value } = await this.next("error", codes.join(" or "));
    const expected = `an error ${codes.join(" or ")}`;
    check(codes.length === 0 || codes.includes(value.error_code), expected, value);
    return value;
  }

  /** All that came by the time that a heartbeat sent now is answered, and was not taken yet: but for who is there. */
  async rest(): Promise<readonly Heard[]> {
    const sent_at = Math.floor(this.serverTime);
    this.send(Heartbeat, { sent_at });
    await this.next("heartbeat", "as an answer to one", (value) => value.sent_at === sent_at);
    const rest = this.#heard.filter(
      ({ type, value }) =>
        type !== "status" || !(value as StatusEvent).event_type.startsWith("user_"),
    );
    this.#heard.length = 0;
    return rest;
  }

  /** Throws ContractFailure where something came that was not taken, or the connection does not go on. */
  async isQuiet(): Promise<void> {
    const rest = await this.rest();
    check(
      rest.length === 0,
      "nothing more",
      rest.map(({ type, value }) => `${type} ${shown(value)}`).join(", "),
    );
  }

  /** The code that the server closes with. */
  async closes(...codes: readonly number[]): Promise<void> {
    const expected = `the connection to be closed with ${codes.join(" or ")}`;
    await this.#until(expected, () => this.#hasClosed);
    check(codes.includes(this.#closeCode!), expected, this.#account());
  }

  /** That the server refuses what it was sent, or closes, which one it chooses. */
  async isRefusedOrCloses(errorCode: string, closeCode: number): Promise<void> {
    const isError = ({ type }: Heard) => type === "error";
    const expected = `an error ${errorCode}, or the end with ${closeCode}`;
    await this.#until(expected, () => this.#heard.some(isError) || this.#hasClosed);
    const isRefused = (this.#heard.find(isError)?.value as ErrorResponse)?.error_code === errorCode;
    check(isRefused || this.#closeCode === closeCode, expected, this.#account());
  }

  end(): void {
    this.#socket.close();
  }

  get #hasClosed(): boolean {
    return this.#closeCode !== undefined || this.#trouble !== undefined;
  }

  #changed(note: () => void): void {
    note();
    for (const look of this.#waiting) look();
  }

  #hear(data: unknown): void {
    try {
      const message = MessageProtocol.fromBytes(data as ArrayBuffer);
      const parsed = registry.parse(message);
      const value = parsed.type === "unknown" ? undefined : parsed.value;
      this.#heard.push({ type: message.type, value, message, signer: this.#signerOf(message) });
    } catch (error) {
      this.#trouble = `a frame that cannot be read: ${(error as Error).message}`;
    }
  }

  #signerOf(message: MessageProtocol): Signer | undefined {
    const keys: [Signer, SigningKey | undefined][] = [
      ["connection server", this.#keys?.server],
      ["session server", this.#sessionKeys.server],
      ["connection client", this.#keys?.client],
      ["session client", this.#sessionKeys.client],
    ];
    return keys.find(([, key]) => key !== undefined && message.verify(key))?.[0];
  }

  #until(expected: string, isSo: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!isSo()) return;
        settled();
        resolve();
      };
      const giveUp = setTimeout(() => {
        settled();
        const within = `${expected} within ${this.#timeout} s`;
        reject(new ContractFailure(within, this.#account()));
      }, this.#timeout * 1000);
      const settled = () => {
        clearTimeout(giveUp);
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** What came and was not taken, and how it ended. */
  #account(): string {
    const frames = this.#heard.map(({ type, value }) => `${type} ${shown(value)}`);
    if (this.#trouble !== undefined) frames.push(this.#trouble);
    if (this.#closeCode !== undefined) frames.push(`the end, with code ${this.#closeCode}`);
    return frames.length === 0 ? "nothing" : frames.join(", ");
  }
}
