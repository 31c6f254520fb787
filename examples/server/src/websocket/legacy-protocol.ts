import {
  type MessageDefinition,
  MessageProtocol,
  type PayloadSchema,
  ReplayGuard,
  SigningKey,
  type ValueToSend,
  type VerifiedMessage,
} from "lacre";
import type { FrameChannel } from "lacre/server";
import type { Coordination } from "../coordination/coordination.js";

/** Seconds for which a frame is valid: maximum age plus clock tolerance. */
const VALID_FOR = 360;

/** Limit of one use per frame over all instances, for as long as any of them could consider the frame valid. */
const ONCE = { name: "first-version", points: 1, window: VALID_FOR + 120 };

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
 * Encodes and decodes frames of version 1 clients, which send no hello (docs/PROTOCOL.md, S-4). They use wire 1 and share
 * one secret for all clients and both directions. The server therefore records the frames of all of them together,
 * including those that it sends, to reject replays on every instance.
 */
export class LegacyProtocol implements FrameChannel {
  readonly wire = 1;
  readonly #key: SigningKey;
  readonly #replay = new ReplayGuard();
  readonly #coordination: Coordination;

  constructor(secret: string, coordination: Coordination) {
    this.#key = SigningKey.from(secret);
    this.#coordination = coordination;
  }

  /** Whether a frame has a valid signature under the shared secret. */
  isAuthentic(data: unknown): boolean {
    try {
      return MessageProtocol.fromBytes(data as Uint8Array).verify(this.#key);
    } catch {
      return false;
    }
  }

  /** Encodes a value; undefined if version 1 clients do not know its type. */
  encode<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: ValueToSend<Schema>,
    now: number,
  ): Uint8Array | undefined {
    if (!TYPES.has(definition.type)) return undefined;
    const message = definition.toProtocol(value, this.#key, { wire: 1 });
    const { signature, timestamp } = message;
    this.#replay.add(Buffer.from(signature, "hex"), timestamp + VALID_FOR, now);
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

  /** Whether no instance has received a frame before. */
  async isFirst({ signature }: MessageProtocol): Promise<boolean> {
    return (await this.#coordination.consume(ONCE, signature)).isAllowed;
  }
}
