import { ChatMessage, defineMessage, MessageProtocol, SigningKey, StatusEvent } from "lacre";
import * as z from "zod/mini";
import type { Announcement } from "./coordination.js";

const Delivery = z.discriminatedUnion("type", [
  z.object({ type: z.literal("message"), value: ChatMessage.schema }),
  z.object({ type: z.literal("status"), value: StatusEvent.schema }),
]);

const AnnouncementFrame = defineMessage(
  "announcement",
  z.object({
    instance: z.string(),
    /** The announcement's place among the instance's: 1, 2, 3 …; without one, the last one's so far. */
    number: z.int(),
    announcement: z.optional(
      z.discriminatedUnion("type", [
        z.object({
          type: z.literal("deliver"),
          user_ids: z.readonly(z.array(z.int())),
          delivery: Delivery,
        }),
        z.object({ type: z.literal("revoked"), session_id: z.string() }),
      ]),
    ),
  }),
);

/** What came from an instance: an announcement, or only a sign that it lives. */
export interface Heard {
  readonly instance: string;
  readonly number: number;
  readonly announcement?: Announcement | undefined;
}

/** Announcements as they travel: lacre's own frames, so that who reaches Redis can neither make nor change one. */
export class AnnouncementFrames {
  readonly #key: SigningKey;

  constructor(secret: string | Uint8Array) {
    this.#key = SigningKey.derive(secret, "announcements");
  }

  encode(value: Parameters<typeof AnnouncementFrame.toProtocol>[0]): Buffer {
    return Buffer.from(AnnouncementFrame.toProtocol(value, this.#key, { wire: 2 }).toBytes());
  }

  /** Throws a LacreError for what no instance with the same secret has made of late. */
  decode(frame: Uint8Array): Heard {
    return AnnouncementFrame.fromProtocol(MessageProtocol.open(frame, { key: this.#key }));
  }
}
