import * as z from "zod/mini";
import { AEAD_NONCE_BYTES, MAX_CONTENT_BYTES } from "../limits.js";
import { defineMessage } from "./define-message.js";
import { bytes, count, id, text, timestamp, unixTime, uuid } from "./fields.js";

/**
 * One message of a chat (type `message`): `content` of at most 720,000 bytes, encrypted under a `nonce` of 12. Its
 * `timestamp` is Unix time in seconds; `epoch`, `counter` and `device` are reserved for key agreement.
 */
export const ChatMessage = /* @__PURE__ */ defineMessage(
  "message",
  /* @__PURE__ */ z.object({
    chat_id: id(),
    sender_id: id(),
    content: bytes({ max: MAX_CONTENT_BYTES }),
    nonce: bytes({ length: AEAD_NONCE_BYTES }),
    timestamp: timestamp(),
    message_id: z.optional(id()),
    client_id: z.optional(uuid()),
    seq: z.optional(id()),
    epoch: z.optional(count()),
    counter: z.optional(count()),
    device: z.optional(text(1, 100)),
  }),
  { nil: ["message_id"] },
);
/** What a parsed ChatMessage holds. */
export type ChatMessage = z.output<typeof ChatMessage.schema>;

/** What someone does or has done (type `status`); `seq` is the last one read or delivered. */
export const StatusEvent = /* @__PURE__ */ defineMessage(
  "status",
  /* @__PURE__ */ z.object({
    event_type: z.enum(["typing", "read", "user_online", "user_offline", "delivered"]),
    user_id: id(),
    chat_id: z.optional(id()),
    timestamp: timestamp(),
    seq: z.optional(count()),
  }),
  { nil: ["chat_id"] },
);
/** What a parsed StatusEvent holds. */
export type StatusEvent = z.output<typeof StatusEvent.schema>;

/** A server's word that it has stored a message (type `ack`); `stored_at` is Unix time in seconds. */
export const Ack = /* @__PURE__ */ defineMessage(
  "ack",
  /* @__PURE__ */ z.object({
    client_id: uuid(),
    chat_id: id(),
    message_id: id(),
    seq: id(),
    stored_at: unixTime(),
  }),
);
/** What a parsed Ack holds. */
export type Ack = z.output<typeof Ack.schema>;
