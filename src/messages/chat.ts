import * as z from "zod/mini";
import { AEAD_NONCE_BYTES, MAX_CONTENT_BYTES } from "../limits.js";
import { protocolMessage } from "./define-message.js";
import { bytes, count, id, text, timestamp, unixTime, uuid } from "./fields.js";

/**
 * An encrypted message of a chat (type `message`; docs/PROTOCOL.md, section 7). `content` is the ciphertext of at most
 * 720,000 bytes, `nonce` has 12 bytes, `timestamp` is Unix time in seconds. The server sets `message_id`, `seq` and
 * `stored_at` (Unix time in seconds by its clock). In an MLS chat, `content` is an MLSMessage (RFC 9420, section 6), `epoch` its
 * epoch, `device` the id of the sending device, and `content_type` is absent for application messages. `counter` is reserved.
 * `follows`, the client id of the message directly before it, is between a client and its server only (S-5a).
 */
export const ChatMessage = /* @__PURE__ */ protocolMessage(
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
    content_type: z.optional(z.enum(["proposal", "commit"])),
    stored_at: z.optional(unixTime()),
    follows: z.optional(uuid()),
  }),
  { nil: ["message_id"] },
);
/** A parsed ChatMessage. */
export type ChatMessage = z.output<typeof ChatMessage.schema>;

/**
 * An event about a user (type `status`; docs/PROTOCOL.md, section 7). `seq` is the last message that the user has read or
 * received. `chat_changed` means that the chat's entry in `chat_list` has changed.
 */
export const StatusEvent = /* @__PURE__ */ protocolMessage(
  "status",
  /* @__PURE__ */ z.object({
    event_type: z.enum([
      "typing",
      "read",
      "user_online",
      "user_offline",
      "delivered",
      "chat_changed",
    ]),
    user_id: id(),
    chat_id: z.optional(id()),
    timestamp: timestamp(),
    seq: z.optional(count()),
  }),
  { nil: ["chat_id"] },
);
/** A parsed StatusEvent. */
export type StatusEvent = z.output<typeof StatusEvent.schema>;

/** A server's confirmation that it has stored a message (type `ack`). `stored_at` is Unix time in seconds by its clock. */
export const Ack = /* @__PURE__ */ protocolMessage(
  "ack",
  /* @__PURE__ */ z.object({
    client_id: uuid(),
    chat_id: id(),
    message_id: id(),
    seq: id(),
    stored_at: unixTime(),
  }),
);
/** A parsed Ack. */
export type Ack = z.output<typeof Ack.schema>;
