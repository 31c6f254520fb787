import {
  Ack,
  type ChatMessage,
  ChatMessage as ChatMessages,
  createRegistry,
  DevicesEvent,
  ErrorResponse,
  Heartbeat,
  Hello,
  type MessageDefinition,
  MessageListResponse,
  MessageProtocol,
  type PayloadSchema,
  StatusEvent,
  type ValueToSend,
  Welcome,
} from "../../src/index.js";
import {
  acceptConnection,
  Channel,
  type ConnectionOptions,
  directionKeys,
  type MessageStore,
  memoryStore,
  type RejectionError,
  type ServerConnection,
} from "../../src/server/index.js";
import { ALICE, BOB, CHAT, fromBob, SESSION_KEY } from "../session/fixture.js";
import { NOW } from "../support/examples.js";
import { counting } from "../support/hex.js";

const registry = createRegistry([
  ...[Ack, ChatMessages, DevicesEvent, ErrorResponse, Heartbeat, MessageListResponse, StatusEvent],
]);

/** A received value with its type. */
export interface Received {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test knows the type of its answer
  readonly value: any;
}

export const members = (chat_id: number) => (chat_id === CHAT ? [ALICE, BOB] : undefined);
export const storeOfChat = (now = () => NOW): MessageStore => memoryStore({ members, now });

/** Returns a message of Alice. Each number has its own client id. */
export function fromAlice(number: number, fields: Partial<ChatMessage> = {}): ChatMessage {
  const { seq: _, message_id: __, ...message } = fromBob(number);
  return { ...message, sender_id: ALICE, ...fields };
}

/** A client that can send any frames, and the server's connection with it. */
export class TestClient {
  readonly connection: ServerConnection;
  readonly store: MessageStore;
  readonly received: Received[] = [];
  readonly rejections: { readonly rejection: RejectionError; readonly error: unknown }[] = [];
  closedWith: number | undefined;
  channel: Channel | undefined;
  now = NOW;
  /** Frames that the server sent, as bytes. */
  readonly frames: Uint8Array[] = [];

  constructor(options: Partial<ConnectionOptions> = {}) {
    this.store = options.store ?? storeOfChat(() => this.now);
    this.connection = acceptConnection({
      session: { session_key: SESSION_KEY, user_id: ALICE },
      send: (bytes) => this.#receive(bytes),
      close: (code) => (this.closedWith = code),
      now: () => this.now,
      onRejected: (rejection, error) => this.rejections.push({ rejection, error }),
      ...options,
      store: this.store,
    });
  }

  /** Returns a client whose connection is confirmed. */
  static async confirmed(options: Partial<ConnectionOptions> = {}): Promise<TestClient> {
    const client = new TestClient(options);
    await client.handshake();
    await client.send(Heartbeat, { sent_at: NOW });
    client.received.length = 0;
    return client;
  }

  async handshake(fields: Partial<ValueToSend<typeof Hello.schema>> = {}): Promise<void> {
    const { client, server } = directionKeys(SESSION_KEY);
    const nonce = counting(16);
    const hello = { nonce, wires: [2, 1], capabilities: ["delivered"], ...fields };
    await this.connection.receive(Hello.toProtocol(hello, client).toBytes());
    const frame = this.frames.at(-1);
    if (frame === undefined) return;
    const message = MessageProtocol.fromBytes(frame);
    if (!message.verify(server)) throw new Error("the welcome is not signed");
    const welcome = Welcome.fromProtocol(message);
    const keys = directionKeys(SESSION_KEY, { hello: nonce, welcome: welcome.nonce });
    const wire = welcome.wire as 1 | 2;
    this.channel = new Channel({ wire, own: keys.client, peers: keys.server });
  }

  /** Returns the frame of a value. */
  frame<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: ValueToSend<Schema>,
  ): Uint8Array {
    return this.channel!.encode(definition, value, this.now);
  }

  /** Sends a value. Resolves when the server has handled it. */
  send<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: ValueToSend<Schema>,
  ): Promise<void> {
    return this.connection.receive(this.frame(definition, value));
  }

  /** The types of the received frames after the welcome. */
  get types(): string[] {
    return this.received.map(({ type }) => type);
  }

  /** The received errors: the code and the details of each. */
  get errors(): [code: string, details: unknown][] {
    return this.received
      .filter(({ type }) => type === "error")
      .map(({ value }) => [value.error_code, value.details]);
  }

  #receive(bytes: Uint8Array): void {
    this.frames.push(bytes);
    if (this.channel === undefined) return;
    const parsed = registry.parse(this.channel.open(bytes, this.now));
    if (parsed.type === "unknown") throw new Error("a frame of an unknown type");
    this.received.push({ type: parsed.type, value: parsed.value });
  }
}

/** A promise that the test settles. */
export function deferred<Value = void>() {
  let resolve: (value: Value) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<Value>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

/** Resolves after all pending promises of the connection. */
export const settled = () => new Promise((resolve) => setTimeout(resolve));
