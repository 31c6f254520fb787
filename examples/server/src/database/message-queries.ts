import { type Kysely, sql } from "kysely";
import { isPostgres } from "./column-types.js";
import { expiredUntilInChat, smallest } from "./expiry.js";
import type { Schema } from "./schema.js";

export type ReceiptKind = "read" | "delivered";

/** The seq up to which a member has read or received a chat. */
export type Watermark = { chat_id: number; user_id: number; seq: number };

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
