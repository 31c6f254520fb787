import { type Kysely, sql } from "kysely";
import { isPostgres } from "../../src/database/column-types.js";
import type { Schema } from "../../src/database/schema.js";

/** Adds any number of messages to the end of a chat with one statement. */
export async function insertMessages(
  db: Kysely<Schema>,
  {
    chat_id,
    sender_id,
    count,
    bytes = 16,
    stored_at = Date.now() / 1000,
  }: {
    chat_id: number;
    sender_id: number;
    count: number;
    /** Length of each content. Null inserts deleted messages. */
    bytes?: number | null;
    stored_at?: number;
  },
): Promise<void> {
  const content = bytes === null ? null : Buffer.alloc(bytes, 1);
  const filler = Buffer.alloc(12);
  const id = sql.lit("00000000-0000-4000-8000-");
  const type = sql.raw(isPostgres(db) ? "bytea" : "blob");
  await sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${sql.lit(count)})
    insert into messages (chat_id, sender_id, seq, client_id, encrypted_content, nonce, timestamp, stored_at, digest)
    select id, cast(${sender_id} as bigint), last_seq + i, ${id} || (100000000000 + last_seq + i), cast(${content} as ${type}),
      cast(${filler} as ${type}), cast(${stored_at} as double precision), cast(${stored_at} as double precision),
      cast(${filler} as ${type}) from n, chats where id = ${chat_id}`.execute(db);
  await sql`update chats set last_seq = last_seq + ${count} where id = ${chat_id}`.execute(db);
}
