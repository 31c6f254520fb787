import { type Insertable, type Kysely, sql } from "kysely";
import { atomically, atomicallyOrUndefined } from "./atomically.js";
import { type ChatOfMember, countChats, findChatOfMember, listChats } from "./chats-of-member.js";
import { type ContactAction, isMutualInChat, setContact } from "./contacts.js";
import { expiredUntilInChat, greatest, storedBefore } from "./expiry.js";
import { listMessages, type MessagePage, type PageOptions } from "./message-pages.js";
import {
  addMessage,
  countStored,
  deleteExpired,
  type ExpiringChat,
  isMember,
  listExpiringChats,
  type NewMessage,
  type ReceiptKind,
  raiseWatermark,
  type SentMessage,
  type TakenChat,
  takeSeq,
  type Watermark,
} from "./message-queries.js";
import { restartChat } from "./restart-chat.js";
import type {
  Chat,
  ChatParameters,
  Schema,
  ServerKey,
  Session,
  StoredMessage,
  User,
} from "./schema.js";
import { createUser, findLogin, type LoginUser, searchUsers } from "./users.js";

/** Maximum rows that one statement deletes. */
const MAX_DELETED_SESSIONS = 200;

/** A chat before it is stored. */
export type NewChat = Omit<
  Insertable<Schema["chats"]>,
  "id" | "last_seq" | "expired_until" | `auto_delete_set_${string}`
> & { auto_delete_hours: number | null };

/** Provides all reads and writes of the server's database. */
export class Store {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Runs `work` with a store inside a transaction, and rolls back if `work` rejects. */
  transaction<Result>(work: (store: Store) => Promise<Result>): Promise<Result> {
    return atomically(this.#db, (db) => work(new Store(db)));
  }

  /** Like `transaction`, but also rolls back when `work` returns undefined. */
  attempt<Result>(
    work: (store: Store) => Promise<Result | undefined>,
  ): Promise<Result | undefined> {
    return atomicallyOrUndefined(this.#db, (db) => work(new Store(db)));
  }

  /** Creates a user. Returns undefined if the name or one of its visual forms is taken. */
  createUser(
    user: Insertable<Schema["users"]>,
    looks: readonly string[],
  ): Promise<User | undefined> {
    return createUser(this.#db, user, looks);
  }

  findUser(id: number): Promise<User | undefined> {
    return this.#db.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirst();
  }

  findUserByKey(username_key: string): Promise<User | undefined> {
    return this.#db
      .selectFrom("users")
      .selectAll()
      .where("username_key", "=", username_key)
      .executeTakeFirst();
  }

  /** Finds a user by `username_key`, and whether the database has a session of that user from the device. */
  findLogin(username_key: string, device_id: string): Promise<LoginUser | undefined> {
    return findLogin(this.#db, username_key, device_id);
  }

  /** Lists active users whose `username_key` starts with `prefix`, sorted by it, starting after `after`. */
  searchUsers(prefix: string, page: { after?: string; limit: number }): Promise<User[]> {
    return searchUsers(this.#db, prefix, page);
  }

  async noteLogin(id: number, last_login: number): Promise<void> {
    await this.#db.updateTable("users").set({ last_login }).where("id", "=", id).execute();
  }

  /** Replaces a user's password hash if it is still `hashed`. */
  async replacePasswordHash(id: number, hashed: string, hashed_password: string): Promise<void> {
    await this.#db
      .updateTable("users")
      .set({ hashed_password })
      .where("id", "=", id)
      .where("hashed_password", "=", hashed)
      .execute();
  }

  /** Enables or disables an account. A disabled user cannot log in, and existing sessions end. */
  async setActive(id: number, isActive: boolean): Promise<void> {
    const is_active = isActive ? 1 : 0;
    await this.#db.updateTable("users").set({ is_active }).where("id", "=", id).execute();
  }

  async createSession(session: Insertable<Schema["sessions"]>): Promise<void> {
    await this.#db.insertInto("sessions").values(session).execute();
  }

  /**
   * Deletes a user's sessions beyond `max`: revoked ones first, then the least recently refreshed, and never `kept`.
   * Returns the ids of the deleted sessions that were not revoked.
   */
  async deleteSessionsBeyond(kept: Pick<Session, "id" | "user_id">, max: number) {
    const beyond = await this.#db
      .selectFrom("sessions")
      .select(["id", "revoked_at"])
      .where("user_id", "=", kept.user_id)
      .where("id", "!=", kept.id)
      .orderBy(sql`revoked_at is not null`)
      .orderBy(sql`coalesce(rotated_at, created_at)`, "desc")
      .limit(MAX_DELETED_SESSIONS)
      .offset(max - 1)
      .execute();
    if (beyond.length === 0) return [];
    const ids = beyond.map(({ id }) => id);
    await this.#db.deleteFrom("sessions").where("id", "in", ids).execute();
    return beyond.filter(({ revoked_at }) => revoked_at === null).map(({ id }) => id);
  }

  findSession(id: Uint8Array) {
    return this.#db
      .selectFrom("sessions")
      .innerJoin("users", "users.id", "sessions.user_id")
      .selectAll("sessions")
      .select(["username", "is_active"])
      .where("sessions.id", "=", id)
      .executeTakeFirst();
  }

  /** Replaces the valid refresh token. Returns false if `refresh_id` is not the valid one or the session is revoked. */
  async rotateSession(
    { id, refresh_id }: Pick<Session, "id" | "refresh_id">,
    next: { refresh_id: Uint8Array; expires_at: number; rotated_at: number },
  ): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable("sessions")
      .set({ ...next, previous_refresh_id: refresh_id })
      .where("id", "=", id)
      .where("refresh_id", "=", refresh_id)
      .where("revoked_at", "is", null)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  async revokeSession(id: Uint8Array, revoked_at: number): Promise<void> {
    await this.#db
      .updateTable("sessions")
      .set({ revoked_at })
      .where("id", "=", id)
      .where("revoked_at", "is", null)
      .execute();
  }

  /** Deletes at most `limit` sessions that are expired at `now`. Returns the number of deleted sessions. */
  async deleteExpiredSessions({ now, limit }: { now: number; limit: number }): Promise<number> {
    const { numDeletedRows } = await this.#db
      .deleteFrom("sessions")
      .where("id", "in", (expired) =>
        expired
          .selectFrom("sessions")
          .select("id")
          .where("expires_at", "<=", now)
          .orderBy("expires_at")
          .limit(limit),
      )
      .executeTakeFirst();
    return Number(numDeletedRows);
  }

  /** Creates a chat. Returns undefined if the two users already have one. */
  createChat(chat: NewChat): Promise<Chat | undefined> {
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
  findChat(chat_id: number, user_id: number): Promise<Chat | undefined> {
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
    change: { user_id: number; action: ContactAction; now: number },
  ): Promise<Chat> {
    return setContact(this.#db, chat, change);
  }

  /** Sets a chat's key parameters. Returns undefined if they are already set. */
  setChatParameters(id: number, parameters: ChatParameters): Promise<Chat | undefined> {
    return this.#db
      .updateTable("chats")
      .set(parameters)
      .where("id", "=", id)
      .where("salt", "is", null)
      .returningAll()
      .executeTakeFirst();
  }

  /** Calls `restartChat`. Must run in a transaction. */
  restartChat(chat: { id: number; creator: number }, parameters: ChatParameters): Promise<boolean> {
    return restartChat(this.#db, chat, parameters);
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

  listChats(user_id: number, page: { limit: number; offset: number }): Promise<ChatOfMember[]> {
    return listChats(this.#db, user_id, page);
  }

  findChatOfMember(chat_id: number, user_id: number): Promise<ChatOfMember | undefined> {
    return findChatOfMember(this.#db, chat_id, user_id);
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

  countChats(user_id: number): Promise<number> {
    return countChats(this.#db, user_id);
  }

  /** Takes a chat's next seq, in the transaction that stores the message. Returns undefined if the sender is no member. */
  async takeSeq(chat: { chat_id: number; sender_id: number }): Promise<TakenChat | undefined> {
    return (await takeSeq.execute(this.#db, chat)).rows[0];
  }

  /** Stores a message and returns its id. Returns undefined if the client id is already used. */
  async addMessage(message: NewMessage): Promise<number | undefined> {
    return (await addMessage.execute(this.#db, message)).rows[0]?.id;
  }

  findSent({ chat_id, sender_id, client_id }: SentMessage): Promise<StoredMessage | undefined> {
    return this.#db
      .selectFrom("messages")
      .selectAll()
      .where("chat_id", "=", chat_id)
      .where("sender_id", "=", sender_id)
      .where("client_id", "=", client_id)
      .executeTakeFirst();
  }

  /** Lists a page of a chat's messages, sorted by seq: the first after `after`, or the last before `before`. */
  listMessages(chat_id: number, page: PageOptions): Promise<MessagePage> {
    return listMessages(this.#db, chat_id, page);
  }

  /** Raises a member's read or delivered watermark to `seq`. Returns false if it was not lower. */
  raiseWatermark(kind: ReceiptKind, watermark: Watermark): Promise<boolean> {
    return raiseWatermark(this.#db, kind, watermark);
  }

  /** Counts a chat's messages with `after` < `stored_at` <= `until`, up to `limit`. */
  countStored(
    chat_id: number,
    span: { after: number; until: number; limit: number },
  ): Promise<number> {
    return countStored(this.#db, chat_id, span);
  }

  /** Lists the first `limit` chats with an id above `after` that delete messages, sorted by id. */
  listExpiringChats(page: { after: number; limit: number; now: number }): Promise<ExpiringChat[]> {
    return listExpiringChats(this.#db, page);
  }

  /** Deletes the content of at most `limit` messages with `stored_at` <= `until`. Returns the number of messages. */
  deleteExpired(chat_id: number, upTo: { until: number; limit: number }): Promise<number> {
    return deleteExpired(this.#db, chat_id, upTo);
  }

  /** Stores a key, unless one with this id exists. */
  async addKey(key: ServerKey): Promise<void> {
    await this.#db
      .insertInto("server_keys")
      .values(key)
      .onConflict((conflict) => conflict.column("id").doNothing())
      .execute();
  }

  /** Lists the keys of a purpose, newest first. */
  listKeys(purpose: ServerKey["purpose"]): Promise<ServerKey[]> {
    return this.#db
      .selectFrom("server_keys")
      .selectAll()
      .where("purpose", "=", purpose)
      .orderBy("created_at", "desc")
      .orderBy("id")
      .execute();
  }

  async removeKey(id: string): Promise<void> {
    await this.#db.deleteFrom("server_keys").where("id", "=", id).execute();
  }

  /** Writes the time of a health check. Throws if the database rejects writes. */
  async noteHealth(created_at: number): Promise<void> {
    await this.#db
      .insertInto("server_keys")
      .values({ id: "health", purpose: "health", material: new Uint8Array(), created_at })
      .onConflict((conflict) => conflict.column("id").doUpdateSet({ created_at }))
      .execute();
  }

  close(): Promise<void> {
    return this.#db.destroy();
  }
}
