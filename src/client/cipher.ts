import type { ChatMessage } from "../messages/chat.js";

/**
 * Encrypts and decrypts the messages of one chat. `Sent` and `Received` are the types of their contents. `chatCipher` of
 * `lacre/e2e` makes one from a chat key; encryption of another kind can have the same form.
 */
export interface ChatCipher<Sent, Received = Sent> {
  /** Encrypts a message. The result has the given `chat_id`, `sender_id` and `client_id`. */
  encrypt(message: {
    readonly chat_id: number;
    readonly sender_id: number;
    readonly content: Sent;
    readonly timestamp?: number;
    readonly client_id?: string;
  }): Promise<ChatMessage>;
  /** Decrypts a message of the chat. Rejects if it is not authentic. */
  decrypt(message: ChatMessage): Promise<Received>;
}
