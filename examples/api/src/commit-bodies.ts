import { bytes, ChatMessage, ChatSummary, defineMessage } from "lacre";
import * as z from "zod/mini";
import { device } from "./device-bodies.js";

// Bodies of the delivery service for MLS chats (docs/PROTOCOL.md, section 15).

/** Maximum length of a welcome and of a group info with their trees in bytes (docs/PROTOCOL.md, G-7). */
const MAX_HANDSHAKE_BYTES = 2_097_152;
/** Maximum number of bytes in one request with a commit: the commit, a welcome and a group info. */
export const MAX_COMMIT_BYTES = 720_000 + 2 * MAX_HANDSHAKE_BYTES;
/** Maximum number of users that a commit adds or removes. */
const MAX_CHANGED = 63;
/** Maximum number of devices that a commit adds. */
const MAX_ADDED_DEVICES = 255;

const userId = ChatSummary.shape.peer_id;
const userIds = z.array(userId).check(z.maxLength(MAX_CHANGED));
const handshake = bytes({ min: 1, max: MAX_HANDSHAKE_BYTES });

export const Commit = defineMessage(
  "commit",
  z.object({
    message: ChatMessage.schema,
    add: z.optional(userIds),
    remove: z.optional(userIds),
    invitation: z.optional(
      z.object({
        device_ids: z.array(device).check(z.minLength(1), z.maxLength(MAX_ADDED_DEVICES)),
        content: handshake,
      }),
    ),
    group_info: handshake,
  }),
);

export const GroupInfo = z.object({
  /** Epoch of the group info, which is that of the chat. */
  epoch: ChatSummary.shape.unread,
  group_info: handshake,
});

export const Invitations = z.object({
  /** The oldest invitation after the given id, or none. */
  invitations: z.array(z.object({ invitation_id: userId, chat_id: userId, content: handshake })),
});
