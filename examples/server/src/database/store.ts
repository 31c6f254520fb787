import { type Insertable, type Kysely, sql } from "kysely";
import { type ChatOfMember, countChats, listChats } from "./chats-of-member.js";
import type {
  Chat,
  ChatTable,
  MessageTable,
  Schema,
  ServerKeyTable,
  Session,
  StoredMessage,
  User,
  UserTable,
} from "./schema.js";

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
    return this.#db.transaction().execute((db) => work(new Store(db)));
  }

  /** The new user, or undefined where the name is taken. */
  createUser(user: Insertable<UserTable>): Promise<User | undefined> {
    return this.#db
      .insertInto("users")
      .values(user)
      .onConflict((conflict) => conflict.column("username_key").doNothing())
      .returningAll()
      .executeTakeFirst();
  }

  findUserByKey(username_key: string): Promise<User | undefined> {
    return this.#db
      .selectFrom("users")
      .selectAll()
      .where("username_key", "=", username_key)
      .executeTakeFirst();
  }

  async createSession(session: Session): Promise<void> {
    await this.#db.insertInto("sessions").values(session).execute();
  }

  findSession(id: Uint8Array) {
    return this.#db
      .selectFrom("sessions")
      .innerJoin("users", "users.id", "sessions.user_id")
      .select(["sessions.id", "user_id", "expires_at", "username"])
      .where("sessions.id", "=", id)
      .executeTakeFirst();
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

  listChats(user_id: number, page: { limit: number; offset: number }): Promise<ChatOfMember[]> {
    return listChats(this.#db, user_id, page);
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

  listMessages(
    chat_id: number,
    { after, limit }: { after: number; limit: number },
  ): Promise<StoredMessage[]> {
    return this.#db
      .selectFrom("messages")
      .selectAll()
      .where("chat_id", "=", chat_id)
      .where("seq", ">", after)
      .orderBy("seq")
      .limit(limit)
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

  /** The key for `purpose`; the one in `candidate` if there was none. */
  async keepKey(purpose: ServerKeyTable["purpose"], candidate: Uint8Array): Promise<Uint8Array> {
    await this.#db
      .insertInto("server_keys")
      .values({ purpose, material: candidate, created_at: Date.now() / 1000 })
      .onConflict((conflict) => conflict.column("purpose").doNothing())
      .execute();
    return (await this.findKey(purpose))!;
  }

  async findKey(purpose: ServerKeyTable["purpose"]): Promise<Uint8Array | undefined> {
    const row = await this.#db
      .selectFrom("server_keys")
      .select("material")
      .where("purpose", "=", purpose)
      .executeTakeFirst();
    return row?.material;
  }

  close(): Promise<void> {
    return this.#db.destroy();
  }
}
