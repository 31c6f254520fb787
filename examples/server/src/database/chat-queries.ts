import { type Insertable, type Kysely, sql } from "kysely";
import { blockedColumn, type ContactAction, isMutualInChat, isRequestTo } from "./contacts.js";
import { expiredUntilInChat, greatest, storedBefore } from "./expiry.js";
import { isMember, watermarkOf } from "./message-queries.js";
import type { Chat, ChatParameters, Schema } from "./schema.js";

/** A chat before it is stored. */
export type NewChat = Omit<
  Insertable<Schema["chats"]>,
  "id" | "last_seq" | "expired_until" | `auto_delete_set_${string}`
> & { auto_delete_hours: number | null };

/** Reads and writes chats. */
export class ChatQueries {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Creates a chat. Returns undefined if the two users already have one. */
  create(chat: NewChat): Promise<Chat | undefined> {
    const { created_by, created_at } = chat;
    const setting = {
      expired_until: 0,
      auto_delete_set_by: created_by,
      auto_delete_set_at: created_at,
      auto_delete_set_after: 0,
    };
    return this.#db
      .insertInto("chats")
      .values({ ...chat, ...(chat.auto_delete_hours !== null && setting) })
      .onConflict((conflict) => conflict.columns(["user1_id", "user2_id"]).doNothing())
      .returningAll()
      .executeTakeFirst();
  }

  /** Counts the chats that a user created, up to `limit`. */
  async countOpened(created_by: number, limit: number): Promise<number> {
    const opened = await this.#db
      .selectFrom("chats")
      .select("id")
      .where("created_by", "=", created_by)
      .limit(limit)
      .execute();
    return opened.length;
  }

  /** Finds a chat. Returns undefined if the user is not a member. */
  find(chat_id: number, user_id: number): Promise<Chat | undefined> {
    return this.#db
      .selectFrom("chats")
      .selectAll()
      .where("id", "=", chat_id)
      .where(isMember(user_id))
      .executeTakeFirst();
  }

  /** Applies a member's contact action to a chat. `accept` also unblocks. */
  setContact(
    chat: Chat,
    { user_id, action, now }: { user_id: number; action: ContactAction; now: number },
  ): Promise<Chat> {
    const isAccepting = action === "accept" && isRequestTo(chat, user_id);
    return this.#db
      .updateTable("chats")
      .set({ [blockedColumn(chat, user_id)]: action === "block" ? now : null })
      .$if(isAccepting, (query) => query.set({ accepted_at: now }))
      .where("id", "=", chat.id)
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  /** Sets a chat's key parameters. Returns undefined if they are already set. */
  setParameters(id: number, parameters: ChatParameters): Promise<Chat | undefined> {
    return this.#db
      .updateTable("chats")
      .set(parameters)
      .where("id", "=", id)
      .where("salt", "is", null)
      .returningAll()
      .executeTakeFirst();
  }

  /**
   * Replaces a chat's key parameters and deletes the contents of its messages, which the new key cannot decrypt. Returns false
   * if the other member has written or read a message; the caller must then roll back. Must run in a transaction: a concurrent
   * message or receipt is either committed before and visible here, or waits. A repeated or rejected request writes no
   * message rows, so that repeated requests cost little in a long chat.
   */
  async restart(
    { id, creator }: { id: number; creator: number },
    parameters: ChatParameters,
  ): Promise<boolean> {
    // Lock the chat's row, which every new message and every receipt also update.
    const chat = await this.#db
      .updateTable("chats")
      .set(parameters)
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirstOrThrow();
    const other = chat.user1_id === creator ? chat.user2_id : chat.user1_id;
    if (watermarkOf(chat, "read", other) > 0 || (await this.#hasWritten(chat, other))) return false;
    await this.#db
      .updateTable("messages")
      .set({ encrypted_content: null })
      .where("chat_id", "=", id)
      .where("encrypted_content", "is not", null)
      .execute();
    return true;
  }

  async setEncryptionType(id: number, encryption_type: string): Promise<void> {
    await this.#db.updateTable("chats").set({ encryption_type }).where("id", "=", id).execute();
  }

  /**
   * Sets the hours after which a chat's messages are deleted, null for never. Also applies to stored messages. Messages that
   * are expired by the old or the new setting stay deleted. Returns undefined if the chat already has this setting.
   */
  setAutoDelete(
    id: number,
    { hours, user_id, now }: { hours: number | null; user_id: number; now: number },
  ): Promise<Chat | undefined> {
    const byNewSetting = sql`cast(${storedBefore(hours, now)} as double precision)`;
    return this.#db
      .updateTable("chats")
      .set({
        auto_delete_hours: hours,
        expired_until: greatest(this.#db, expiredUntilInChat(this.#db, now), byNewSetting),
        auto_delete_set_by: user_id,
        auto_delete_set_at: now,
        auto_delete_set_after: ({ ref }) => ref("last_seq"),
      })
      .where("id", "=", id)
      .where("auto_delete_hours", "is distinct from", hours)
      .returningAll()
      .executeTakeFirst();
  }

  /** Lists the ids of the users with whom the user has an accepted chat, in which neither blocked the other. */
  async listPeers(user_id: number): Promise<number[]> {
    const rows = await this.#db
      .selectFrom("chats")
      .select("user2_id as id")
      .where("user1_id", "=", user_id)
      .where(isMutualInChat)
      .union((other) =>
        other
          .selectFrom("chats")
          .select("user1_id as id")
          .where("user2_id", "=", user_id)
          .where(isMutualInChat),
      )
      .execute();
    return rows.map(({ id }) => id);
  }

  async #hasWritten(chat: Chat, user_id: number): Promise<boolean> {
    const sign = await this.#db
      .selectFrom("messages")
      .select("id")
      .where("chat_id", "=", chat.id)
      .where("sender_id", "=", user_id)
      .limit(1)
      .executeTakeFirst();
    return sign !== undefined;
  }
}
