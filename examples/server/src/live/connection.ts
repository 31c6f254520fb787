import {
  type Hello,
  LacreError,
  type MessageDefinition,
  type PayloadSchema,
  type VerifiedMessage,
} from "lacre";
import { acceptHello, type Channel, CLOSE, closeCode } from "lacre/session";
import type * as z from "zod/mini";
import type { ActiveSession } from "../identity/sessions.js";
import type { Pace } from "./pace.js";

/** What this server can do besides what every server can. */
const CAPABILITIES = ["delivered"];

/** Heartbeats without any frame after which a client is taken for gone. */
const SILENT_HEARTBEATS = 3;

/** The side of a WebSocket that frames go out by. */
export interface Socket {
  send(frame: Uint8Array<ArrayBuffer>): void;
  close(code: number, reason: string): void;
}

/** One WebSocket of one session: it is greeted, and then speaks the wire and the keys that were agreed on. */
export class Connection {
  readonly userId: number;
  readonly #sessionKey: Uint8Array;
  readonly #socket: Socket;
  readonly #pace: Pace;
  #agreed: { readonly hello: Hello; readonly channel: Channel } | undefined;
  #isClosed = false;
  /** The last seq of each chat that went out here. */
  readonly #sentUpTo = new Map<number, number>();
  #silence: NodeJS.Timeout;
  /** What came in is handled one after the other. */
  #handled: Promise<void> = Promise.resolve();

  constructor({ user_id, session_key }: ActiveSession, socket: Socket, pace: Pace) {
    this.userId = user_id;
    this.#sessionKey = session_key;
    this.#socket = socket;
    this.#pace = pace;
    this.#silence = this.#closeAfter(pace.greeting);
  }

  /** Whether both ends have greeted, and none has gone. */
  get isOpen(): boolean {
    return this.#agreed !== undefined && !this.#isClosed;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether both ends announced a capability. */
  has(capability: string): boolean {
    const theirs = this.#agreed?.hello.capabilities ?? [];
    return CAPABILITIES.includes(capability) && theirs.includes(capability);
  }

  /** Does `work` when all before it is done. It must not fail. */
  enqueue(work: () => Promise<void>): void {
    this.#handled = this.#handled.then(work);
  }

  /** When everything that came in so far is handled. */
  get idle(): Promise<void> {
    return this.#handled;
  }

  /** Answers the first frame, or closes where that is no hello to answer. */
  greet(data: unknown): void {
    const { heartbeat } = this.#pace;
    const offer = { capabilities: CAPABILITIES, limits: {}, heartbeat };
    try {
      const accepted = acceptHello(data, this.#sessionKey, offer, Date.now() / 1000);
      if (accepted === undefined) return this.close(CLOSE.noCommonWire);
      this.#agreed = accepted;
      this.#socket.send(accepted.frame as Uint8Array<ArrayBuffer>);
      this.#heard();
    } catch (error) {
      if (!(error instanceof LacreError)) throw error;
      this.close(CLOSE.policy);
    }
  }

  /** Opens a later frame. One on another wire than was agreed on ends the connection. Throws what `Channel.open` throws. */
  open(data: unknown): VerifiedMessage | undefined {
    const { channel } = this.#agreed!;
    const message = channel.open(data, Date.now() / 1000);
    this.#heard();
    if (message.wire === channel.wire) return message;
    this.close(CLOSE.protocolError);
    return undefined;
  }

  send<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: z.input<Schema>,
  ): void {
    if (!this.isOpen) return;
    const frame = this.#agreed!.channel.encode(definition, value, Date.now() / 1000);
    this.#socket.send(frame as Uint8Array<ArrayBuffer>);
  }

  /** Remembers that a chat's messages went out here up to `seq`. */
  noteSent(chatId: number, seq: number): void {
    this.#sentUpTo.set(chatId, Math.max(this.sentUpTo(chatId), seq));
  }

  sentUpTo(chatId: number): number {
    return this.#sentUpTo.get(chatId) ?? 0;
  }

  close(code: number): void {
    this.ended();
    this.#socket.close(code, closeCode(code).name);
  }

  /** The socket is closed, or about to be. */
  ended(): void {
    this.#isClosed = true;
    clearTimeout(this.#silence);
  }

  #heard(): void {
    clearTimeout(this.#silence);
    this.#silence = this.#closeAfter(SILENT_HEARTBEATS * this.#pace.heartbeat);
  }

  #closeAfter(seconds: number): NodeJS.Timeout {
    return setTimeout(() => this.close(CLOSE.silent), seconds * 1000);
  }
}
