import { Channel } from "../connection/channel.js";
import { PIPELINE } from "../connection/pipeline.js";
import type { VerifiedMessage } from "../envelope/message-protocol.js";
import { Ack, ChatMessage, StatusEvent } from "../messages/chat.js";
import { Heartbeat } from "../messages/connection.js";
import type { MessageDefinition, PayloadSchema, ValueToSend } from "../messages/define-message.js";
import { DevicesEvent } from "../messages/devices.js";
import { MessageListResponse } from "../messages/lists.js";
import { answerHeartbeat } from "./answers.js";
import { MessageOrder } from "./message-order.js";

/** Minimum seconds between two `typing` events of one member in one chat (S-19a). */
const TYPING_INTERVAL = 1;
/** Maximum number of messages and receipts that the store failed to store. A session has a message in flight in 16 chats. */
const MAX_FAILED = 16;
/** Values of `event_type` that a client receives only if it announced the capability of the same name. */
const CAPABILITIES: readonly string[] = ["delivered", "chat_changed"];

/** Signs and opens the frames of a peer that sends no `hello` (S-4). */
export interface FrameChannel {
  readonly wire: 1 | 2;
  /** Encodes and signs a value; undefined if the peer does not know the type. `now` is Unix time in seconds. */
  encode<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: ValueToSend<Schema>,
    now: number,
  ): Uint8Array | undefined;
  /** Opens a frame. @throws {LacreError} if it is not valid. */
  open(data: unknown, now: number): VerifiedMessage;
}

/** The client's end of a connection after the handshake: what can be sent to it, and what was sent. */
export class Peer {
  /** Capabilities that both ends announced. */
  readonly capabilities: readonly string[];
  readonly #channel: FrameChannel;
  readonly #now: () => number;
  readonly #transmit: (bytes: Uint8Array) => void;
  /** Last seq of each chat that was sent over this connection. An idle connection has no map, which saves memory. */
  #sentUpTo: Map<number, number> | undefined;
  /** When `typing` was sent last, by chat and user. In order of time, without old entries. */
  #typing: Map<string, number> | undefined;
  /** Only of a connection on which messages were acknowledged. */
  #order: MessageOrder | undefined;
  /** Keys of what the store failed to store and what was not sent again. */
  #failed: Set<string> | undefined;

  constructor(
    channel: FrameChannel,
    capabilities: string[],
    terms: { readonly now: () => number; readonly transmit: (bytes: Uint8Array) => void },
  ) {
    this.capabilities = Object.freeze(capabilities);
    this.#channel = channel;
    this.#now = terms.now;
    this.#transmit = terms.transmit;
  }

  get wire(): 1 | 2 {
    return this.#channel.wire;
  }

  has(capability: string): boolean {
    return this.capabilities.includes(capability);
  }

  /** Opens a frame. @throws {LacreError} if it is not valid. */
  open(data: unknown): VerifiedMessage {
    return this.#channel.open(data, this.#now());
  }

  /**
   * Sends a value, unless the peer does not know its type.
   *
   * @throws {ValidationError} if the value does not match its schema.
   */
  send<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: ValueToSend<Schema>,
  ): void {
    const bytes = this.#channel.encode(definition, value, this.#now());
    if (bytes !== undefined) this.#transmit(bytes);
  }

  /** Sends a message of a chat. @throws {ValidationError} if it is invalid. */
  sendMessage(message: ChatMessage): void {
    this.send(ChatMessage, message);
    this.#noteSent(message);
  }

  /** Sends a list of messages of a chat. @throws {ValidationError} if it is invalid. */
  sendList(list: MessageListResponse): void {
    this.send(MessageListResponse, list);
    const last = list.messages.at(-1);
    if (last !== undefined) this.#noteSent(last);
  }

  /**
   * Sends a status, unless its capability is not in force, or it is a `typing` event that follows another too closely.
   *
   * @throws {ValidationError} if it is invalid.
   */
  sendStatus(status: ValueToSend<typeof StatusEvent.schema>): void {
    const { event_type } = status;
    if (CAPABILITIES.includes(event_type) && !this.has(event_type)) return;
    if (event_type === "typing" && !this.#isTypingDue(status)) return;
    this.send(StatusEvent, status);
  }

  /** Sends that a device log has grown, unless the capability is not in force. @throws {ValidationError} if it is invalid. */
  sendDevices(devices: DevicesEvent): void {
    if (this.has(DevicesEvent.type)) this.send(DevicesEvent, devices);
  }

  /** Answers a heartbeat with the counts of frames. A channel that is not the library's has none. */
  answerHeartbeat(heartbeat: Heartbeat): void {
    const channel = this.#channel;
    const { sent_at } = heartbeat;
    const answer = channel instanceof Channel ? answerHeartbeat(heartbeat, channel) : { sent_at };
    this.send(Heartbeat, answer);
  }

  /** Returns the last seq of a chat that was sent over this connection; 0 if none was. */
  sentUpTo(chatId: number): number {
    return this.#sentUpTo?.get(chatId) ?? 0;
  }

  /** Notes that the store failed to store a message or a receipt. */
  noteFailed(key: string | undefined): void {
    if (key === undefined) return;
    this.#failed ??= new Set();
    this.#failed.delete(key);
    const [oldest] = this.#failed;
    if (oldest !== undefined && this.#failed.size === MAX_FAILED) this.#failed.delete(oldest);
    this.#failed.add(key);
  }

  /** Returns whether the store failed to store it before, and removes the note. */
  takeFailed(key: string | undefined): boolean {
    return this.#failed?.delete(key as string) ?? false;
  }

  /**
   * Checks that a message comes directly after the one that it names, if `pipeline` is in force.
   *
   * @throws {RejectionError} `ERR_OUT_OF_ORDER` if it does not.
   */
  checkOrder(chatId: number, follows: string | undefined): void {
    if (follows !== undefined && this.has(PIPELINE)) this.#orderOf().check(chatId, follows);
  }

  /** Acknowledges a message. @throws {ValidationError} if it is invalid. */
  acknowledge(ack: Ack): void {
    this.send(Ack, ack);
    if (this.has(PIPELINE)) this.#orderOf().note(ack.chat_id, ack.client_id);
  }

  #orderOf(): MessageOrder {
    this.#order ??= new MessageOrder();
    return this.#order;
  }

  #noteSent({ chat_id, seq = 0 }: ChatMessage): void {
    this.#sentUpTo ??= new Map();
    this.#sentUpTo.set(chat_id, Math.max(this.sentUpTo(chat_id), seq));
  }

  #isTypingDue({ chat_id, user_id }: { chat_id?: number | undefined; user_id: number }): boolean {
    const now = this.#now();
    this.#typing ??= new Map();
    const typing = this.#typing;
    for (const [key, at] of typing) {
      if (now - at < TYPING_INTERVAL) break;
      typing.delete(key);
    }
    const key = `${chat_id} ${user_id}`;
    if (typing.has(key)) return false;
    typing.set(key, now);
    return true;
  }
}
