import { type Insertable, type Kysely, sql } from "kysely";
import { isPostgres } from "./column-types.js";
import { expiredUntilInChat, smallest } from "./expiry.js";
import {
  type Chat,
  type ChatMember,
  isMember,
  isMls,
  type MembersColumn,
  membersInChat,
  withMembers,
} from "./members.js";
import { PreparedQuery } from "./prepared-query.js";
import type { ChatRow, Schema, StoredMessage } from "./schema.js";

export type ReceiptKind = "read" | "delivered";

/** The seq up to which a member has read or received a chat. */
export type Watermark = { chat_id: number; user_id: number; seq: number };

/** A message before it is stored. */
export type NewMessage = Omit<Insertable<Schema["messages"]>, "id">;

/** The columns that only messages of MLS chats have. */
const NO_MLS = { epoch: null, device: null, content_type: null };

/** The fields by which a client identifies a message. */
export type SentMessage = Pick<StoredMessage, "chat_id" | "sender_id"> & { client_id: string };

/** A chat after its next seq was taken, with the total stored bytes of the sender's messages in all chats. */
export type TakenChat = Chat & { stored_bytes: number | null };

type TakenRow = ChatRow & { members: MembersColumn; stored_bytes: number | null };

const takeSeq = new PreparedQuery<{ chat_id: number; sender_id: number }, TakenRow>(
  (db, { chat_id, sender_id }) =>
    db
      .updateTable("chats")
      .set({ last_seq: sql`last_seq + 1` })
      .where("id", "=", chat_id)
      .where(isMember(sender_id))
      .returningAll()
      .returning(membersInChat(db))
      .returning((returned) =>
        returned
          .selectFrom("stored_bytes")
          .select("bytes")
          .where("stored_bytes.user_id", "=", sender_id)
          .$asScalar()
          .as("stored_bytes"),
      ),
);

const addMessage = new PreparedQuery<NewMessage, { id: number }>((db, message) =>
  db
    .insertInto("messages")
    .values({
      chat_id: message.chat_id,
      sender_id: message.sender_id,
      seq: message.seq,
      client_id: message.client_id,
      encrypted_content: message.encrypted_content,
      nonce: message.nonce,
      timestamp: message.timestamp,
      stored_at: message.stored_at,
      digest: message.digest,
      epoch: message.epoch,
      device: message.device,
      content_type: message.content_type,
    })
    .onConflict((conflict) => conflict.columns(["chat_id", "sender_id", "client_id"]).doNothing())
    .returning("id"),
);

export interface ExpiringChat {
  readonly id: number;
  /** Messages with a `stored_at` up to this time are expired. */
  readonly until: number;
  /** Whether expired messages still have content. */
  readonly isDue: boolean;
}

/** Reads and writes messages and receipts. For reading pages, see `MessagePageQueries`. */
export class MessageQueries {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Takes a chat's next seq, in the transaction that stores the message. Returns undefined if the sender is no member. */
  async takeSeq(chat: { chat_id: number; sender_id: number }): Promise<TakenChat | undefined> {
    const [row] = (await takeSeq.execute(this.#db, chat)).rows;
    if (row === undefined) return undefined;
    const taken = withMembers(row);
    if (!isMls(taken) || !isPostgres(this.#db)) return taken;
    // PostgreSQL reads the members before it waits for a concurrent commit. Read them again under the lock of the chat.
    const members = await this.#readMembers(chat.chat_id);
    return members.some(({ user_id }) => user_id === chat.sender_id)
      ? { ...taken, members }
      : undefined;
  }

  async #readMembers(chat_id: number): Promise<readonly ChatMember[]> {
    const row = await this.#db
      .selectFrom("chats")
      .select(membersInChat(this.#db))
      .where("id", "=", chat_id)
      .executeTakeFirstOrThrow();
    return withMembers(row).members;
  }

  /** Stores a message and returns its id. Returns undefined if the client id is already used. */
  async add(message: NewMessage): Promise<number | undefined> {
    return (await addMessage.execute(this.#db, { ...NO_MLS, ...message })).rows[0]?.id;
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

  /** Raises a member's watermark, at most to the chat's last seq. Returns false if it was not lower. */
  async raiseWatermark(kind: ReceiptKind, { chat_id, user_id, seq }: Watermark): Promise<boolean> {
    const lastSeq = this.#db.selectFrom("chats").select("last_seq").where("id", "=", chat_id);
    const upTo = smallest(this.#db, sql`cast(${seq} as bigint)`, sql`${lastSeq}`);
    const { numUpdatedRows } = await this.#db
      .updateTable("chat_members")
      .set({ [kind]: upTo })
      .where("chat_id", "=", chat_id)
      .where("user_id", "=", user_id)
      .where(kind, "<", upTo)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** Counts a chat's messages with `after` < `stored_at` <= `until`, up to `limit`. */
  async countStored(
    chat_id: number,
    { after, until, limit }: { after: number; until: number; limit: number },
  ): Promise<number> {
    const { count } = await this.#db
      .selectFrom((part) =>
        part
          .selectFrom("messages")
          .select("stored_at")
          .where("chat_id", "=", chat_id)
          .where("stored_at", ">", after)
          .where("stored_at", "<=", until)
          .where("encrypted_content", "is not", null)
          .limit(limit)
          .as("some"),
      )
      .select((select) => select.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    return count;
  }

  /** Lists the first `limit` chats with an id above `after` that delete messages. */
  async listExpiringChats({
    after,
    limit,
    now,
  }: {
    after: number;
    limit: number;
    now: number;
  }): Promise<ExpiringChat[]> {
    const until = expiredUntilInChat(this.#db, now);
    const rows = await this.#db
      .selectFrom("chats")
      .select("id")
      .select(until.as("until"))
      .select((select) =>
        select
          .selectFrom("messages")
          .select("messages.id")
          .whereRef("chat_id", "=", "chats.id")
          .where("stored_at", "<=", until)
          .where("encrypted_content", "is not", null)
          .limit(1)
          .$asScalar()
          .as("first"),
      )
      .where("id", ">", after)
      .where("expired_until", "is not", null)
      .orderBy("id")
      .limit(limit)
      .execute();
    return rows.map(({ id, until, first }) => ({ id, until, isDue: first !== null }));
  }

  async deleteExpired(
    chat_id: number,
    { until, limit }: { until: number; limit: number },
  ): Promise<number> {
    const { numUpdatedRows } = await this.#db
      .updateTable("messages")
      .set({ encrypted_content: null })
      .where("id", "in", (expired) =>
        expired
          .selectFrom("messages")
          .select("id")
          .where("chat_id", "=", chat_id)
          .where("stored_at", "<=", until)
          .where("encrypted_content", "is not", null)
          .orderBy("stored_at")
          .limit(limit)
          // Skip rows that another instance is deleting.
          .$if(isPostgres(this.#db), (query) => query.forUpdate().skipLocked()),
      )
      .executeTakeFirst();
    return Number(numUpdatedRows);
  }
}
