import { type Insertable, type Kysely, sql } from "kysely";
import { allOrUndefined, atomically } from "./atomically.js";
import { type ChatOfMember, countChats, findChatOfMember, listChats } from "./chats-of-member.js";
import {
  addMessage,
  deleteExpired,
  isMember,
  type LivingMessage,
  lastMarked,
  listMessages,
  type MarkKind,
  mark,
  type NewMessage,
  type SentMessage,
  takeSeq,
} from "./message-queries.js";
import type {
  Chat,
  ChatTable,
  Schema,
  ServerKey,
  Session,
  SessionTable,
  StoredMessage,
  User,
  UserTable,
} from "./schema.js";

export type { LivingMessage, MarkKind };

/** Everything that the server reads from its database and writes to it. */
export class Store {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** All that `work` does with the store it is given is done, or nothing of it where it fails. */
  transaction<Result>(work: (store: Store) => Promise<Result>): Promise<Result> {
    return atomically(this.#db, (db) => work(new Store(db)));
  }

  /** As `transaction`, and nothing is done where `work` gives undefined either. */
  attempt<Result>(
    work: (store: Store) => Promise<Result | undefined>,
  ): Promise<Result | undefined> {
    return allOrUndefined(this.#db, (db) => work(new Store(db)));
  }

  /** The new user, or undefined where the name or one of its looks is taken. */
  createUser(user: Insertable<UserTable>, looks: readonly string[]): Promise<User | undefined> {
    return allOrUndefined(this.#db, async (db) => {
      const created = await db
        .insertInto("users")
        .values(user)
        .onConflict((conflict) => conflict.column("username_key").doNothing())
        .returningAll()
        .executeTakeFirst();
      if (created === undefined) return undefined;
      const { numInsertedOrUpdatedRows } = await db
        .insertInto("username_looks")
        // In one order, so that two who register at once wait for each other at most one way.
        .values([...looks].sort().map((look) => ({ look, user_id: created.id })))
        .onConflict((conflict) => conflict.column("look").doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === BigInt(looks.length) ? created : undefined;
    });
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

  /** Active users whose compared names begin with `prefix`, in the order of these, after the one in `after`. */
  searchUsers(
    prefix: string,
    { after = "", limit }: { after?: string; limit: number },
  ): Promise<User[]> {
    return (
      this.#db
        .selectFrom("users")
        .selectAll()
        .where("username_key", ">=", prefix)
        // The last code point there is: every name that goes on after the prefix comes before it.
        .where("username_key", "<", `${prefix}\u{10FFFF}`)
        .where("username_key", ">", after)
        .where("is_active", "=", 1)
        .orderBy("username_key")
        .limit(limit)
        .execute()
    );
  }

  async noteLogin(id: number, last_login: number): Promise<void> {
    await this.#db.updateTable("users").set({ last_login }).where("id", "=", id).execute();
  }

  /** Whether the user may log in and stay so. */
  async setActive(id: number, isActive: boolean): Promise<void> {
    const is_active = isActive ? 1 : 0;
    await this.#db.updateTable("users").set({ is_active }).where("id", "=", id).execute();
  }

  async createSession(session: Insertable<SessionTable>): Promise<void> {
    await this.#db.insertInto("sessions").values(session).execute();
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

  /** Puts the next refresh token in the place of the one in force; false where `refresh_id` is not that one, or the session is over. */
  async rotateSession(
    { id, refresh_id }: Pick<Session, "id" | "refresh_id">,
    next: Pick<Session, "refresh_id" | "expires_at">,
  ): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable("sessions")
      .set(next)
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

  /** Deletes sessions that are past their time at `now`, so many at most; how many. */
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

  /** The new chat, or undefined where the two have one. */
  createChat(chat: Insertable<ChatTable>): Promise<Chat | undefined> {
    return this.#db
      .insertInto("chats")
      .values(chat)
      .onConflict((conflict) => conflict.columns(["user1_id", "user2_id"]).doNothing())
      .returningAll()
      .executeTakeFirst();
  }

  /** The chat, if the user is one of its members. */
  findChat(chat_id: number, user_id: number): Promise<Chat | undefined> {
    return this.#db
      .selectFrom("chats")
      .selectAll()
      .where("id", "=", chat_id)
      .where(isMember(user_id))
      .executeTakeFirst();
  }

  /** Sets what a chat's key is derived with; undefined where it is set. */
  setChatParameters(
    id: number,
    parameters: { salt: Uint8Array; iterations: number; key_check: Uint8Array },
  ): Promise<Chat | undefined> {
    return this.#db
      .updateTable("chats")
      .set(parameters)
      .where("id", "=", id)
      .where("salt", "is", null)
      .returningAll()
      .executeTakeFirst();
  }

  configureChat(
    id: number,
    config: {
      encryption_type?: string | undefined;
      auto_delete_hours?: number | null | undefined;
    },
  ): Promise<Chat> {
    return this.#db
      .updateTable("chats")
      .set(config)
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  listChats(user_id: number, page: { limit: number; offset: number }): Promise<ChatOfMember[]> {
    return listChats(this.#db, user_id, page);
  }

  findChatOfMember(chat_id: number, user_id: number): Promise<ChatOfMember | undefined> {
    return findChatOfMember(this.#db, chat_id, user_id);
  }

  /** Those that the user has a chat with. */
  async listPeers(user_id: number): Promise<number[]> {
    const rows = await this.#db
      .selectFrom("chats")
      .select("user2_id as id")
      .where("user1_id", "=", user_id)
      .union((other) =>
        other.selectFrom("chats").select("user1_id as id").where("user2_id", "=", user_id),
      )
      .execute();
    return rows.map(({ id }) => id);
  }

  countChats(user_id: number): Promise<number> {
    return countChats(this.#db, user_id);
  }

  /**
   * Takes the next seq of a member's chat; undefined for one who is no member. Whoever else wants one waits for the end of the
   * transaction, in which the message is to be stored.
   */
  async takeSeq(chat: { chat_id: number; sender_id: number }): Promise<Chat | undefined> {
    return (await takeSeq.execute(this.#db, chat)).rows[0];
  }

  /** The new message's id; undefined where its client id is known. */
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

  /** A chat's messages that are not deleted at `now`: the first after `after`, or the last before `before`, in order. */
  listMessages(
    chat_id: number,
    page: { after?: number; before?: number; limit: number; now: number },
  ): Promise<LivingMessage[]> {
    return listMessages(this.#db, chat_id, page);
  }

  /** Marks what the user was sent, up to `seq`; whether anything of it had not been marked yet. */
  mark(kind: MarkKind, upTo: { chat_id: number; user_id: number; seq: number }): Promise<boolean> {
    return mark(this.#db, kind, upTo);
  }

  /** The seq of the last message of `sender_id` that the other member has marked; 0 if there is none. */
  lastMarked(kind: MarkKind, chat_id: number, sender_id: number): Promise<number> {
    return lastMarked(this.#db, kind, chat_id, sender_id);
  }

  /** Deletes the content of messages that are past their time at `now`, of so many at most; of how many. */
  deleteExpired(upTo: { now: number; limit: number }): Promise<number> {
    return deleteExpired(this.#db, upTo);
  }

  /** Keeps a key, unless there is one of this id. */
  async addKey(key: ServerKey): Promise<void> {
    await this.#db
      .insertInto("server_keys")
      .values(key)
      .onConflict((conflict) => conflict.column("id").doNothing())
      .execute();
  }

  /** The newest first. */
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

  /** Fails where the database does not answer. */
  async ping(): Promise<void> {
    await sql`select 1`.execute(this.#db);
  }

  close(): Promise<void> {
    return this.#db.destroy();
  }
}
