import { type Insertable, type Kysely, type NotNull, sql } from "kysely";
import { allOrUndefined, atomically } from "./atomically.js";
import { type ChatOfMember, countChats, findChatOfMember, listChats } from "./chats-of-member.js";
import type {
  Chat,
  ChatTable,
  MessageTable,
  Schema,
  ServerKey,
  Session,
  SessionTable,
  StoredMessage,
  User,
  UserTable,
} from "./schema.js";

/** A message with its content. */
export type LivingMessage = StoredMessage & { encrypted_content: Uint8Array };

export type MarkKind = "read" | "delivered";

const MARK_COLUMNS = { read: "is_read", delivered: "delivered" } as const;

/** Everything that the server reads from its database and writes to it. */
export class Store {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** All that `work` does with the store it is given is done, or nothing of it. */
  transaction<Result>(work: (store: Store) => Promise<Result>): Promise<Result> {
    return atomically(this.#db, (db) => work(new Store(db)));
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
      .where((where) =>
        where.or([where("user1_id", "=", user_id), where("user2_id", "=", user_id)]),
      )
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

  /** The seq for the chat's next message. Call it in the transaction that stores that message. */
  async takeSeq(chat_id: number): Promise<number> {
    const { last_seq } = await this.#db
      .updateTable("chats")
      .set({ last_seq: sql`last_seq + 1` })
      .where("id", "=", chat_id)
      .returning("last_seq")
      .executeTakeFirstOrThrow();
    return last_seq;
  }

  addMessage(message: Insertable<MessageTable>): Promise<StoredMessage> {
    return this.#db.insertInto("messages").values(message).returningAll().executeTakeFirstOrThrow();
  }

  findSent({
    chat_id,
    sender_id,
    client_id,
  }: {
    chat_id: number;
    sender_id: number;
    client_id: string;
  }): Promise<StoredMessage | undefined> {
    return this.#db
      .selectFrom("messages")
      .selectAll()
      .where("chat_id", "=", chat_id)
      .where("sender_id", "=", sender_id)
      .where("client_id", "=", client_id)
      .executeTakeFirst();
  }

  /** A chat's messages that are not deleted at `now`: the first after `after`, or the last before `before`, in order. */
  async listMessages(
    chat_id: number,
    { after, before, limit, now }: { after?: number; before?: number; limit: number; now: number },
  ): Promise<LivingMessage[]> {
    const isForwards = before === undefined;
    const rows = await this.#db
      .selectFrom("messages")
      .selectAll()
      .where("chat_id", "=", chat_id)
      .where("seq", ">", after ?? 0)
      .$if(!isForwards, (query) => query.where("seq", "<", before!))
      .where("encrypted_content", "is not", null)
      .where((where) => where.or([where("delete_at", "is", null), where("delete_at", ">", now)]))
      .orderBy("seq", isForwards ? "asc" : "desc")
      .limit(limit)
      .$narrowType<{ encrypted_content: NotNull }>()
      .execute();
    return isForwards ? rows : rows.reverse();
  }

  /** The last message of each of the user's chats, where it is not deleted. */
  listNewestMessages(user_id: number): Promise<LivingMessage[]> {
    return this.#db
      .selectFrom("chats")
      .innerJoin("messages", (join) =>
        join
          .onRef("messages.chat_id", "=", "chats.id")
          .onRef("messages.seq", "=", "chats.last_seq"),
      )
      .selectAll("messages")
      .where((where) =>
        where.or([where("user1_id", "=", user_id), where("user2_id", "=", user_id)]),
      )
      .where("encrypted_content", "is not", null)
      .$narrowType<{ encrypted_content: NotNull }>()
      .execute();
  }

  /** Marks what the user was sent, up to `seq`; whether anything of it had not been marked yet. */
  async mark(
    kind: MarkKind,
    { chat_id, user_id, seq }: { chat_id: number; user_id: number; seq: number },
  ): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable("messages")
      .set({ [MARK_COLUMNS[kind]]: 1 })
      .where("chat_id", "=", chat_id)
      .where(MARK_COLUMNS[kind], "=", 0)
      .where("seq", "<=", seq)
      .where("sender_id", "!=", user_id)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** The seq of the last message of `sender_id` that the other member has marked; 0 if there is none. */
  async lastMarked(kind: MarkKind, chat_id: number, sender_id: number): Promise<number> {
    const row = await this.#db
      .selectFrom("messages")
      .select("seq")
      .where("chat_id", "=", chat_id)
      .where("sender_id", "=", sender_id)
      .where(MARK_COLUMNS[kind], "=", 1)
      .orderBy("seq", "desc")
      .limit(1)
      .executeTakeFirst();
    return row?.seq ?? 0;
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
