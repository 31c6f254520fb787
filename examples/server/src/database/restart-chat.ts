import type { Kysely } from "kysely";
import { watermarkOf } from "./message-queries.js";
import type { Chat, ChatParameters, Schema } from "./schema.js";

/**
 * Replaces a chat's key parameters and deletes the contents of its messages, which the new key cannot decrypt. Returns false
 * if the other member has written or read a message; the caller must then roll back. Must run in a transaction: a concurrent
 * message or receipt is either committed before and visible here, or waits. A repeated or rejected request writes no
 * message rows, so that repeated requests cost little in a long chat.
 */
export async function restartChat(
  db: Kysely<Schema>,
  { id, creator }: { id: number; creator: number },
  parameters: ChatParameters,
): Promise<boolean> {
  // Lock the chat's row, which every new message and every receipt also update.
  const chat = await db
    .updateTable("chats")
    .set(parameters)
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow();
  const other = chat.user1_id === creator ? chat.user2_id : chat.user1_id;
  if (watermarkOf(chat, "read", other) > 0 || (await hasWritten(db, chat, other))) return false;
  await db
    .updateTable("messages")
    .set({ encrypted_content: null })
    .where("chat_id", "=", id)
    .where("encrypted_content", "is not", null)
    .execute();
  return true;
}

async function hasWritten(db: Kysely<Schema>, chat: Chat, user_id: number): Promise<boolean> {
  const sign = await db
    .selectFrom("messages")
    .select("id")
    .where("chat_id", "=", chat.id)
    .where("sender_id", "=", user_id)
    .limit(1)
    .executeTakeFirst();
  return sign !== undefined;
}
