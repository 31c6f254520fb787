import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  Ack,
  ChatMessage,
  createRegistry,
  defineMessage,
  ErrorResponse,
  Heartbeat,
  Hello,
  type MessageDefinition,
  MessageListResponse,
  MessageProtocol,
  type PayloadSchema,
  StatusEvent,
  Welcome,
} from "lacre";
import { Channel, type DirectionKeys, directionKeys } from "lacre/server";
import type { WebSocket } from "ws";
import * as z from "zod/mini";

const registry = createRegistry([
  Ack,
  ChatMessage,
  ErrorResponse,
  Heartbeat,
  MessageListResponse,
  StatusEvent,
]);

/** A client that does as it is told, right or wrong. */
export class TestConnection {
  readonly socket: WebSocket;
  /** Frames as they came. */
  readonly frames: Buffer[] = [];
  readonly closed: Promise<number>;
  readonly #sessionKey: Uint8Array;
  #agreed: { readonly keys: DirectionKeys; readonly channel: Channel } | undefined;
  #read = 0;
  /** What came before the answer to the first heartbeat. */
  readonly #ahead: ReturnType<typeof registry.parse>[] = [];

  constructor(socket: WebSocket, sessionKey: Uint8Array) {
    this.socket = socket;
    this.#sessionKey = sessionKey;
    socket.on("message", (bytes: Buffer) => this.frames.push(bytes));
    socket.on("error", () => {});
    this.closed = once(socket, "close").then(([code]) => code);
  }

  /** The key that this connection's client signs with. */
  get clientKey() {
    return this.#agreed!.keys.client;
  }

  sayHello(offer: { wires?: number[]; capabilities?: string[] } = {}): Uint8Array {
    const nonce = new Uint8Array(randomBytes(16));
    const hello = { nonce, wires: [2, 1], capabilities: [], ...offer };
    this.socket.send(Hello.toProtocol(hello, directionKeys(this.#sessionKey).client).toBytes());
    return nonce;
  }

  /** Says hello, takes the welcome, and shows with a heartbeat that this client has the connection's keys. */
  async greet(offer?: { wires?: number[]; capabilities?: string[] }): Promise<Welcome> {
    const welcome = await this.agree(offer);
    this.send(Heartbeat, { sent_at: 0 });
    for (;;) {
      const frame = await this.#nextParsed();
      if (frame.type === "heartbeat") return welcome;
      this.#ahead.push(frame);
    }
  }

  /** Says hello and takes the welcome, as a recording of a hello also could. */
  async agree(offer?: { wires?: number[]; capabilities?: string[] }): Promise<Welcome> {
    const hello = this.sayHello(offer);
    const key = directionKeys(this.#sessionKey).server;
    const welcome = Welcome.fromProtocol(MessageProtocol.open(await this.#nextFrame(), { key }));
    const keys = directionKeys(this.#sessionKey, { hello, welcome: welcome.nonce });
    const wire = welcome.wire as 1 | 2;
    this.#agreed = { keys, channel: new Channel({ wire, own: keys.client, peers: keys.server }) };
    return welcome;
  }

  send<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: Parameters<MessageDefinition<Type, Schema>["toProtocol"]>[0],
  ): Uint8Array {
    const frame = this.#agreed!.channel.encode(definition, value, Date.now() / 1000);
    this.socket.send(frame);
    return frame;
  }

  /** Sends a payload that may fit no definition, in its turn: a later frame is refused unless its time is greater. */
  sendAnything(type: string, payload: Record<string, unknown>): void {
    this.send(defineMessage(type, z.looseObject({})), payload);
  }

  /** Whether something came that was not asked for yet. */
  get hasMore(): boolean {
    return this.#ahead.length > 0 || this.frames.length > this.#read;
  }

  /** What the server says next, but for who is there. */
  async next() {
    for (;;) {
      const frame = await this.nextOfAll();
      const isPresence = frame.type === "status" && frame.value.event_type.startsWith("user_");
      if (!isPresence) return frame;
    }
  }

  /** What the server says next. */
  async nextOfAll() {
    return this.#ahead.shift() ?? this.#nextParsed();
  }

  async #nextParsed() {
    const frame = await this.#nextFrame();
    return registry.parse(this.#agreed!.channel.open(frame, Date.now() / 1000));
  }

  /** The next frame of a type, and of those only one that `isMeant`; what comes before it is passed over. */
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it waits for
  async nextOf(type: string, isMeant: (value: any) => boolean = () => true) {
    for (;;) {
      const frame = await this.nextOfAll();
      if (frame.type === type && "value" in frame && isMeant(frame.value)) return frame;
    }
  }

  async nextError(): Promise<string> {
    const frame = await this.next();
    return frame.type === "error" ? frame.value.error_code : `no error but ${frame.type}`;
  }

  /** Whether nothing more came by the time that a question asked now is answered. */
  async isQuiet(): Promise<boolean> {
    this.send(Heartbeat, { sent_at: 1 });
    return (await this.next()).type === "heartbeat";
  }

  /** The same, also of who is there. */
  async isSilent(): Promise<boolean> {
    this.send(Heartbeat, { sent_at: 1 });
    return (await this.nextOfAll()).type === "heartbeat";
  }

  async #nextFrame(): Promise<Buffer> {
    while (this.frames.length === this.#read) {
      const closed = this.closed.then((code) => Promise.reject(new Error(`closed with ${code}`)));
      await Promise.race([once(this.socket, "message"), closed]);
    }
    return this.frames[this.#read++]!;
  }
}
