import {
  type MessageDefinition,
  MessageProtocol,
  type PayloadSchema,
  ReplayGuard,
  SigningKey,
  type VerifiedMessage,
} from "lacre";
import type * as z from "zod/mini";
import type { Coordination } from "../coordination/coordination.js";

/** Seconds for which a frame is good: its age and the clocks' difference. */
const FRESH_FOR = 360;

/** How often a frame may be seen by all instances, for as long as it could be fresh to one of them. */
const ONCE = { name: "first-version", points: 1, window: FRESH_FOR + 120 };

const TYPES = new Set([
  "auth",
  "auth_response",
  "message",
  "status",
  "error",
  "chat_list",
  "message_list",
]);

/**
 * The speech of peers of the protocol's first version, who say no hello (docs/PROTOCOL.md, S-4): wire 1, one secret for
 * all of them and both directions. So their frames are remembered together, with those that went to them, here and
 * where all instances see it.
 */
export class FirstVersion {
  readonly wire = 1;
  readonly #key: SigningKey;
  readonly #replay = new ReplayGuard();
  readonly #coordination: Coordination;

  constructor(secret: string, coordination: Coordination) {
    this.#key = SigningKey.from(secret);
    this.#coordination = coordination;
  }

  /** Whether such peers know a type of message. */
  knows(type: string): boolean {
    return TYPES.has(type);
  }

  /** Whether a frame is of a peer that knows the secret. */
  isAuthentic(data: unknown): boolean {
    try {
      return MessageProtocol.fromBytes(data as Uint8Array).verify(this.#key);
    } catch {
      return false;
    }
  }

  encode<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: z.input<Schema>,
    now: number,
  ): Uint8Array {
    const message = definition.toProtocol(value, this.#key, { wire: 1 });
    const { signature, timestamp } = message;
    this.#replay.add(Buffer.from(signature, "hex"), timestamp + FRESH_FOR, now);
    void this.isFirst(message);
    return message.toBytes();
  }

  open(data: unknown, now: number): VerifiedMessage {
    return MessageProtocol.open(data as Uint8Array, {
      key: this.#key,
      replay: this.#replay,
      now,
    });
  }

  /** Whether no instance has seen a frame before. */
  async isFirst({ signature }: MessageProtocol): Promise<boolean> {
    return (await this.#coordination.consume(ONCE, signature)).isAllowed;
  }
}
