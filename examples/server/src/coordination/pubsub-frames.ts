import {
  ChatMessage,
  DevicesEvent,
  defineMessage,
  MessageProtocol,
  SigningKey,
  StatusEvent,
} from "lacre";
import * as z from "zod/mini";
import type { PubSubMessage } from "./coordination.js";

const Delivery = z.discriminatedUnion("type", [
  z.object({ type: z.literal("message"), value: ChatMessage.schema }),
  z.object({ type: z.literal("status"), value: StatusEvent.schema }),
  z.object({ type: z.literal("devices"), value: DevicesEvent.schema }),
]);

const PubSubFrame = defineMessage(
  "announcement",
  z.object({
    instance: z.string(),
    /** Sequence number of the instance's message: 1, 2, 3 … In a heartbeat, the number of its last message. */
    number: z.int(),
    announcement: z.optional(
      z.discriminatedUnion("type", [
        z.object({
          type: z.literal("deliver"),
          user_ids: z.readonly(z.array(z.int())),
          capability: z.optional(z.string()),
          delivery: Delivery,
        }),
        z.object({ type: z.literal("revoked"), session_id: z.string() }),
      ]),
    ),
  }),
);

/** A pub/sub message of an instance, or a heartbeat without a message. */
export interface ReceivedFrame {
  readonly instance: string;
  readonly number: number;
  /** Absent in a heartbeat. The name is part of the format, which other versions of the server read. */
  readonly announcement?: PubSubMessage | undefined;
}

/**
 * Encodes and decodes pub/sub messages as signed lacre frames, so that an attacker with access to Redis can neither forge nor
 * change one.
 */
export class PubSubFrames {
  readonly #key: SigningKey;

  constructor(secret: string | Uint8Array) {
    this.#key = SigningKey.derive(secret, "announcements");
  }

  encode(value: Parameters<typeof PubSubFrame.toProtocol>[0]): Buffer {
    return Buffer.from(PubSubFrame.toProtocol(value, this.#key, { wire: 2 }).toBytes());
  }

  /**
   * Verifies and decodes a frame.
   *
   * @throws {LacreError} if no instance with the same secret signed the frame recently.
   */
  decode(frame: Uint8Array): ReceivedFrame {
    return PubSubFrame.fromProtocol(MessageProtocol.open(frame, { key: this.#key }));
  }
}
