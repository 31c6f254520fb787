import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  Ack,
  ChatMessage,
  createRegistry,
  DevicesEvent,
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
  DevicesEvent,
  ErrorResponse,
  Heartbeat,
  MessageListResponse,
  StatusEvent,
]);

/** A WebSocket client that sends any frames, valid or not. */
export class TestConnection {
  readonly socket: WebSocket;
  /** All received frames. */
  readonly frames: Buffer[] = [];
  readonly closed: Promise<number>;
  readonly #sessionKey: Uint8Array;
  #negotiated: { readonly keys: DirectionKeys; readonly channel: Channel } | undefined;
  #read = 0;
  /** Frames received before the answer to the first heartbeat. */
  readonly #early: ReturnType<typeof registry.parse>[] = [];

  constructor(socket: WebSocket, sessionKey: Uint8Array) {
    this.socket = socket;
    this.#sessionKey = sessionKey;
    socket.on("message", (bytes: Buffer) => this.frames.push(bytes));
    socket.on("error", () => {});
    this.closed = once(socket, "close").then(([code]) => code);
  }

  /** The key with which the client signs frames of this connection. */
  get clientKey() {
    return this.#negotiated!.keys.client;
  }

  /** Sends a hello, and returns its nonce. */
  sendHello(offer: { wires?: number[]; capabilities?: string[] } = {}): Uint8Array {
    const nonce = new Uint8Array(randomBytes(16));
    const hello = { nonce, wires: [2, 1], capabilities: [], ...offer };
    this.socket.send(Hello.toProtocol(hello, directionKeys(this.#sessionKey).client).toBytes());
    return nonce;
  }

  /** Performs the handshake, and confirms the connection with a heartbeat under its keys. */
  async handshakeAndConfirm(offer?: {
    wires?: number[];
    capabilities?: string[];
  }): Promise<Welcome> {
    const welcome = await this.handshake(offer);
    this.send(Heartbeat, { sent_at: 0 });
    for (;;) {
      const frame = await this.#nextParsed();
      if (frame.type === "heartbeat") return welcome;
      this.#early.push(frame);
    }
  }

  /** Sends a hello and receives the welcome. Does not confirm the connection. */
  async handshake(offer?: { wires?: number[]; capabilities?: string[] }): Promise<Welcome> {
    const hello = this.sendHello(offer);
    const key = directionKeys(this.#sessionKey).server;
    const welcome = Welcome.fromProtocol(MessageProtocol.open(await this.#nextFrame(), { key }));
    const keys = directionKeys(this.#sessionKey, { hello, welcome: welcome.nonce });
    const wire = welcome.wire as 1 | 2;
    this.#negotiated = {
      keys,
      channel: new Channel({ wire, own: keys.client, peers: keys.server }),
    };
    return welcome;
  }

  send<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: Parameters<MessageDefinition<Type, Schema>["toProtocol"]>[0],
  ): Uint8Array {
    const frame = this.#negotiated!.channel.encode(definition, value, Date.now() / 1000);
    this.socket.send(frame);
    return frame;
  }

  /** Sends a payload without validation. */
  sendUnchecked(type: string, payload: Record<string, unknown>): void {
    this.send(defineMessage(type, z.looseObject({})), payload);
  }

  /** Whether there is a received frame that `next` has not returned. */
  get hasMore(): boolean {
    return this.#early.length > 0 || this.frames.length > this.#read;
  }

  /** Returns the next frame that is not about presence. */
  async next() {
    for (;;) {
      const frame = await this.nextIncludingPresence();
      const isPresence = frame.type === "status" && frame.value.event_type.startsWith("user_");
      if (!isPresence) return frame;
    }
  }

  /** Returns the next frame. */
  async nextIncludingPresence() {
    return this.#early.shift() ?? this.#nextParsed();
  }

  async #nextParsed() {
    const frame = await this.#nextFrame();
    return registry.parse(this.#negotiated!.channel.open(frame, Date.now() / 1000));
  }

  /** Skips frames, and returns the next one of a type whose value fulfils `isExpected`. */
  // biome-ignore lint/suspicious/noExplicitAny: the test knows the type of the value
  async nextOf(type: string, isExpected: (value: any) => boolean = () => true) {
    for (;;) {
      const frame = await this.nextIncludingPresence();
      if (frame.type === type && "value" in frame && isExpected(frame.value)) return frame;
    }
  }

  /** Returns the error code of the next frame that is not about presence. */
  async nextError(): Promise<string> {
    const frame = await this.next();
    return frame.type === "error" ? frame.value.error_code : `no error but ${frame.type}`;
  }

  /** Whether no frame arrives before the answer to a heartbeat, except about presence. */
  async isQuiet(): Promise<boolean> {
    this.send(Heartbeat, { sent_at: 1 });
    return (await this.next()).type === "heartbeat";
  }

  /** Whether no frame at all arrives before the answer to a heartbeat. */
  async isQuietIncludingPresence(): Promise<boolean> {
    this.send(Heartbeat, { sent_at: 1 });
    return (await this.nextIncludingPresence()).type === "heartbeat";
  }

  async #nextFrame(): Promise<Buffer> {
    while (this.frames.length === this.#read) {
      const closed = this.closed.then((code) => Promise.reject(new Error(`closed with ${code}`)));
      await Promise.race([once(this.socket, "message"), closed]);
    }
    return this.frames[this.#read++]!;
  }
}
