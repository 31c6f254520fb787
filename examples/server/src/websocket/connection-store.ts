import type { ChatState, MessageStore, StoredMessage } from "lacre/server";
import { isMutual, peerOf } from "../database/contacts.js";
import { watermarkOf } from "../database/message-queries.js";
import type { Chat } from "../database/schema.js";
import { notAMember } from "../errors.js";
import { type AcceptedMessage, acceptMessage } from "../messages/accept-message.js";
import { readMessages } from "../messages/list-messages.js";
import { costOfAnswer, type FrameAllowance } from "./frame-allowance.js";
import type { HubServices } from "./hub-services.js";

/** A stored message, with what the hub needs to broadcast it. */
export interface Accepted extends StoredMessage {
  readonly accepted: AcceptedMessage;
}

/** A chat, with its row in the database. */
export interface KnownChat extends ChatState {
  readonly chat: Chat;
}

/**
 * Returns the store of a user's connection, on the server's database. `carries` says whether the connection carries a chat: the
 * others do not exist for it.
 */
export function connectionStore(
  services: HubServices,
  user: {
    readonly user_id: number;
    readonly allowance: () => FrameAllowance;
    readonly carries: (chat_id: number) => boolean;
  },
): MessageStore<Accepted, KnownChat> {
  const { store, log } = services;
  return {
    async add(message) {
      if (!user.carries(message.chat_id)) throw notAMember();
      const accepted = await acceptMessage(message, user.user_id, services);
      const { isNew, stored } = accepted;
      const { id: message_id, seq, stored_at } = stored;
      const { chat_id, client_id, content } = message;
      const bytes = content.length;
      log.debug({ chat_id, message_id, seq, client_id, bytes, isNew }, "message stored");
      return { message_id, seq, stored_at, isNew, accepted };
    },

    async list(user_id, query) {
      if (!user.carries(query.chat_id)) return undefined;
      const page = await readMessages(store, user_id, query);
      if (page !== undefined) user.allowance().take(costOfAnswer(page.messages));
      return page;
    },

    async findChat(user_id, chat_id) {
      if (!user.carries(chat_id)) return undefined;
      const chat = await store.chats.find(chat_id, user_id);
      if (chat === undefined) return undefined;
      const members = isMutual(chat) ? [user_id, peerOf(chat, user_id)] : [user_id];
      const receipts = members.flatMap((member) =>
        (["delivered", "read"] as const).map((event_type) => {
          const seq = watermarkOf(chat, event_type, member);
          return { event_type, user_id: member, chat_id, seq };
        }),
      );
      return { last_seq: chat.last_seq, receipts, chat };
    },

    addReceipt({ event_type, user_id, chat_id, seq }) {
      return store.messages.raiseWatermark(event_type, { chat_id, user_id, seq });
    },
  };
}
