import { type ExpressionBuilder, type Insertable, type Kysely, type NotNull, sql } from "kysely";
import { isPostgres } from "./column-types.js";
import { PreparedQuery } from "./prepared-query.js";
import type { Chat, MessageTable, Schema, StoredMessage } from "./schema.js";

/** A message with its content. */
export type LivingMessage = StoredMessage & { encrypted_content: Uint8Array };

export type MarkKind = "read" | "delivered";

/** A message before it is stored. */
export type NewMessage = Omit<Insertable<MessageTable>, "id" | "is_read" | "delivered">;

/** What a client names a message by. */
export type SentMessage = Pick<StoredMessage, "chat_id" | "sender_id"> & { client_id: string };

const MARK_COLUMNS = { read: "is_read", delivered: "delivered" } as const;

export const takeSeq = new PreparedQuery<{ chat_id: number; sender_id: number }, Chat>(
  (db, { chat_id, sender_id }) =>
    db
      .updateTable("chats")
      .set({ last_seq: sql`last_seq + 1` })
      .where("id", "=", chat_id)
      .where(isMember(sender_id))
      .returningAll(),
);

export const addMessage = new PreparedQuery<NewMessage, { id: number }>((db, message) =>
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
      delete_at: message.delete_at,
      digest: message.digest,
    })
    .onConflict((conflict) => conflict.columns(["chat_id", "sender_id", "client_id"]).doNothing())
    .returning("id"),
);

export async function listMessages(
  db: Kysely<Schema>,
  chat_id: number,
  { after, before, limit, now }: { after?: number; before?: number; limit: number; now: number },
): Promise<LivingMessage[]> {
  const isForwards = before === undefined;
  const rows = await db
    .selectFrom("messages")
    .selectAll()
    .where("chat_id", "=", chat_id)
    .where("seq", ">", after ?? 0)
    .$if(!isForwards, (query) => query.where("seq", "<", before!))
    .where(isLiving(now))
    .orderBy("seq", isForwards ? "asc" : "desc")
    .limit(limit)
    .$narrowType<{ encrypted_content: NotNull }>()
    .execute();
  return isForwards ? rows : rows.reverse();
}

export async function mark(
  db: Kysely<Schema>,
  kind: MarkKind,
  { chat_id, user_id, seq }: { chat_id: number; user_id: number; seq: number },
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("messages")
    .set({ [MARK_COLUMNS[kind]]: 1 })
    .where("chat_id", "=", chat_id)
    .where("sender_id", "=", (other) =>
      other
        .selectFrom("chats")
        .select(sql<number>`user1_id + user2_id - ${user_id}`.as("peer_id"))
        .where("id", "=", chat_id),
    )
    .where(isUnmarked(kind))
    .where("seq", "<=", seq)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Marks reach from a chat's first message on, so that the last marked one is the last before the first that is not. */
export async function lastMarked(
  db: Kysely<Schema>,
  kind: MarkKind,
  chat_id: number,
  sender_id: number,
): Promise<number> {
  const row = await db
    .selectFrom("messages")
    .select("seq")
    .where("chat_id", "=", chat_id)
    .where("sender_id", "=", sender_id)
    .where("seq", "<", (select) =>
      select.fn.coalesce(
        select
          .selectFrom("messages")
          .select(({ fn }) => fn.min("seq").as("first"))
          .where("chat_id", "=", chat_id)
          .where("sender_id", "=", sender_id)
          .where(isUnmarked(kind)),
        sql.lit(Number.MAX_SAFE_INTEGER),
      ),
    )
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.seq ?? 0;
}

export async function deleteExpired(
  db: Kysely<Schema>,
  { now, limit }: { now: number; limit: number },
): Promise<number> {
  const { numUpdatedRows } = await db
    .updateTable("messages")
    .set({ encrypted_content: null })
    .where("id", "in", (expired) =>
      expired
        .selectFrom("messages")
        .select("id")
        .where("delete_at", "<=", now)
        .where("encrypted_content", "is not", null)
        .orderBy("delete_at")
        .limit(limit)
        // Another instance is at those already.
        .$if(isPostgres(db), (query) => query.forUpdate().skipLocked()),
    )
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

/** Whether a chat is one of the user's. */
export function isMember(user_id: number) {
  return ({ or, eb }: ExpressionBuilder<Schema, "chats">) =>
    or([eb("user1_id", "=", user_id), eb("user2_id", "=", user_id)]);
}

/** Whether a message is not deleted, and not past its time at `now`. */
export function isLiving(now: number) {
  return ({ and, or, eb }: ExpressionBuilder<Schema, "messages">) =>
    and([
      eb("encrypted_content", "is not", null),
      or([eb("delete_at", "is", null), eb("delete_at", ">", now)]),
    ]);
}

/** The 0 stands in the query itself, as in the index that has these rows only. */
export function isUnmarked(kind: MarkKind) {
  return ({ eb, lit }: ExpressionBuilder<Schema, "messages">) =>
    eb(MARK_COLUMNS[kind], "=", lit(0));
}
