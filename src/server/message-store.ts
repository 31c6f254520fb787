import type { ChatMessage } from "../messages/chat.js";

/** What the store added to a message. */
export interface StoredMessage {
  readonly message_id: number;
  /** Number of the message in its chat: from 1, without gaps (S-11). */
  readonly seq: number;
  /** Unix time in seconds, by the server's clock. */
  readonly stored_at: number;
  /** False if the client sent a message again that was stored before. */
  readonly isNew: boolean;
}

/** A request for a chat's messages. */
export interface MessageQuery {
  readonly chat_id: number;
  /** The seq after which messages are requested. */
  readonly after: number;
  /** Maximum number of messages, from 1 to 1,000. */
  readonly limit: number;
  /** Maximum bytes of content that the answer has room for. The connection leaves out messages that exceed it. */
  readonly maxBytes: number;
}

/** Messages of a chat, in the order of their seqs. */
export interface MessagePage {
  /** The chat's last seq, read together with the messages. */
  readonly last_seq: number;
  readonly messages: readonly ChatMessage[];
  /**
   * The seq up to which `messages` is complete. By default the seq of the last message, or `last_seq` if there is none. A
   * store that stops its search before it finds a message must pass it.
   */
  readonly through?: number;
}

/** A receipt: the seq up to which a member has read, or received, the messages of a chat (S-16a). */
export interface Receipt {
  readonly event_type: "read" | "delivered";
  readonly user_id: number;
  readonly chat_id: number;
  readonly seq: number;
}

/** A chat as one of its members sees it. */
export interface ChatState {
  /** The chat's last seq; 0 if it has no message. */
  readonly last_seq: number;
  /** The stored receipts of this member, and those of the other members that this member may see. */
  readonly receipts: readonly Receipt[];
}

/**
 * The messages and receipts that a connection stores and reads. Each method may return a promise. A method rejects a request
 * by throwing a RejectionError. Any other error is answered with `ERR_UNAVAILABLE`, and the client tries again.
 *
 * `Stored` and `Chat` may have more fields: the connection passes them to `onStored` and `onStatus`.
 */
export interface MessageStore<
  Stored extends StoredMessage = StoredMessage,
  Chat extends ChatState = ChatState,
> {
  /**
   * Stores a message of a user with the chat's next seq, or finds the one that was stored with the same chat, sender and client
   * id. Returns when the message is committed: the acknowledgement is sent next. The connection has checked that `sender_id`
   * is its user.
   *
   * If it throws another error than a RejectionError, the message may be stored. The client sends it again, and `onStored` then
   * receives it on the same connection, also if it is not new.
   *
   * @throws {RejectionError} with `ERR_FORBIDDEN` if the sender is not a member of the chat, and with `ERR_CLIENT_ID_REUSED` if
   *   the stored message has another body (`messageDigest`). A rejected message takes no seq.
   */
  add(message: ChatMessage): Stored | Promise<Stored>;
  /** Returns a chat's messages; undefined if there is no such chat, or the user is not a member of it. */
  list(
    user_id: number,
    query: MessageQuery,
  ): MessagePage | undefined | Promise<MessagePage | undefined>;
  /** Returns a chat; undefined if there is no such chat, or the user is not a member of it. */
  findChat(user_id: number, chat_id: number): Chat | undefined | Promise<Chat | undefined>;
  /**
   * Stores a member's receipt, if it is past the stored one. Returns whether it is, when the receipt is committed. The
   * connection has checked that the user is a member, and that the chat has this seq. An error is treated as one of `add`.
   */
  addReceipt(receipt: Receipt): boolean | Promise<boolean>;
}
