import { type MessageDefinition, type PayloadSchema, SigningKey } from "lacre";
import type * as z from "zod/mini";
import type { ActiveSession } from "../identity/sessions.js";

/** The side of a WebSocket that frames go out by. */
export interface Socket {
  send(frame: Uint8Array<ArrayBuffer>): void;
  close(code: number, reason: string): void;
}

/** One WebSocket of one session. Each direction has a key of its own, so that no frame can be sent back to its author. */
export class Connection {
  readonly userId: number;
  readonly clientKey: SigningKey;
  readonly #serverKey: SigningKey;
  readonly #socket: Socket;
  /** What came in is handled one after the other. */
  #handled: Promise<void> = Promise.resolve();

  constructor({ user_id, session_key }: ActiveSession, socket: Socket) {
    this.userId = user_id;
    this.clientKey = SigningKey.derive(session_key, "client");
    this.#serverKey = SigningKey.derive(session_key, "server");
    this.#socket = socket;
  }

  /** Does `work` when all before it is done. It must not fail. */
  enqueue(work: () => Promise<void>): void {
    this.#handled = this.#handled.then(work);
  }

  /** When everything that came in so far is handled. */
  get idle(): Promise<void> {
    return this.#handled;
  }

  send<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: z.input<Schema>,
  ): void {
    const frame = definition.toProtocol(value, this.#serverKey, { wire: 2 }).toBytes();
    this.#socket.send(frame as Uint8Array<ArrayBuffer>);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }
}
