import type { StatusEvent } from "../messages/chat.js";
import type { Watermarks } from "./events.js";

/** Maximum number of users of all chats. A malicious server could name them without end. */
const MAX_USERS = 100_000;

/** The highest seq that each user has received and read in each chat, from the receipts of this run. */
export class KnownReceipts {
  readonly #chats = new Map<number, Map<number, Watermarks>>();
  #users = 0;

  of(chatId: number): ReadonlyMap<number, Watermarks> {
    return new Map(this.#chats.get(chatId));
  }

  note({ event_type, chat_id, user_id, seq = 0 }: StatusEvent): void {
    if (chat_id === undefined || (event_type !== "read" && event_type !== "delivered")) return;
    const users = this.#chats.get(chat_id) ?? new Map<number, Watermarks>();
    if (!users.has(user_id) && ++this.#users > MAX_USERS) return;
    const before = users.get(user_id) ?? { delivered: 0, read: 0 };
    // A message that was read was also delivered.
    const delivered = Math.max(before.delivered, seq);
    const read = event_type === "read" ? Math.max(before.read, seq) : before.read;
    this.#chats.set(chat_id, users.set(user_id, { delivered, read }));
  }

  /** Lowers the watermarks of a chat to its last seq. */
  rewind(chatId: number, seq: number): void {
    const users = this.#chats.get(chatId);
    for (const [user, { delivered, read }] of users ?? [])
      users?.set(user, { delivered: Math.min(delivered, seq), read: Math.min(read, seq) });
  }
}
