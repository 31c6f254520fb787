import type { ChatMessage } from "lacre";
import type {
  ChatState,
  MessagePage,
  MessageQuery,
  MessageStore,
  Receipt,
  StoredMessage,
} from "lacre/server";
import { isMutual } from "../database/contacts.js";
import { type Chat, memberOf } from "../database/members.js";
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

/** What a store asks the connection that it belongs to. */
export interface StoreUser {
  readonly userId: number;
  /** Frame allowance that all connections of the user share. */
  readonly allowance: FrameAllowance;
  /** Whether the connection carries a chat. The others do not exist for it. */
  carries(chatId: number): boolean;
}

/** The store of a user's connection, on the server's database. */
export class ConnectionStore implements MessageStore<Accepted, KnownChat> {
  readonly #services: HubServices;
  readonly #user: StoreUser;

  constructor(services: HubServices, user: StoreUser) {
    this.#services = services;
    this.#user = user;
  }

  async add(message: ChatMessage): Promise<Accepted> {
    if (!this.#user.carries(message.chat_id)) throw notAMember();
    const accepted = await acceptMessage(message, this.#user.userId, this.#services);
    const { isNew, stored } = accepted;
    const { id: message_id, seq, stored_at } = stored;
    const { chat_id, client_id, content } = message;
    const bytes = content.length;
    const { log } = this.#services;
    log.debug({ chat_id, message_id, seq, client_id, bytes, isNew }, "message stored");
    return { message_id, seq, stored_at, isNew, accepted };
  }

  async list(user_id: number, query: MessageQuery): Promise<MessagePage | undefined> {
    if (!this.#user.carries(query.chat_id)) return undefined;
    const page = await readMessages(this.#services.store, user_id, query);
    if (page !== undefined) this.#user.allowance.take(costOfAnswer(page.messages));
    return page;
  }

  async findChat(user_id: number, chat_id: number): Promise<KnownChat | undefined> {
    if (!this.#user.carries(chat_id)) return undefined;
    const chat = await this.#services.store.chats.find(chat_id, user_id);
    if (chat === undefined) return undefined;
    const shown = isMutual(chat) ? chat.members : [memberOf(chat, user_id)];
    const receipts = shown.flatMap((member) =>
      (["delivered", "read"] as const).map((event_type) => ({
        ...{ event_type, user_id: member.user_id, chat_id, seq: member[event_type] },
      })),
    );
    return { last_seq: chat.last_seq, receipts, chat };
  }

  addReceipt({ event_type, user_id, chat_id, seq }: Receipt): Promise<boolean> {
    return this.#services.store.messages.raiseWatermark(event_type, { chat_id, user_id, seq });
  }
}
