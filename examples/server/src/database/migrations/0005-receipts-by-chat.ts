import { type Kysely, type RawBuilder, sql } from "kysely";

/** Maximum chats or messages that one statement updates. */
const BATCH = 1000;

const WATERMARKS = ["user1_read", "user2_read", "user1_delivered", "user2_delivered"] as const;

/** Stores each member's receipts as watermarks in the chat's row, so that a receipt updates one row only. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const column of WATERMARKS) {
    await db.schema
      .alterTable("chats")
      .addColumn(column, "bigint", (built) => built.notNull().defaultTo(0))
      .execute();
  }
  await inBatches(db, "chats", (range) =>
    sql`update chats set
      user1_read = ${lastBeforeUnset("is_read", "user2_id")},
      user2_read = ${lastBeforeUnset("is_read", "user1_id")},
      user1_delivered = ${lastBeforeUnset("delivered", "user2_id")},
      user2_delivered = ${lastBeforeUnset("delivered", "user1_id")}
      where ${range}`.execute(db),
  );

  for (const index of ["messages_unread", "messages_undelivered"]) {
    await db.schema.dropIndex(index).execute();
  }
  for (const column of ["is_read", "delivered"]) {
    await db.schema.alterTable("messages").dropColumn(column).execute();
  }
  await sql`create index messages_kept_by_sender on messages (chat_id, sender_id, seq, stored_at) where encrypted_content is not null`.execute(
    db,
  );
  await sql`create index users_active on users (username_key) where is_active = 1`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const index of ["messages_kept_by_sender", "users_active"]) {
    await db.schema.dropIndex(index).execute();
  }
  for (const column of ["is_read", "delivered"]) {
    await db.schema
      .alterTable("messages")
      .addColumn(column, "integer", (built) => built.notNull().defaultTo(0))
      .execute();
  }
  await inBatches(db, "messages", (range) =>
    sql`update messages set is_read = ${isCovered("read")}, delivered = ${isCovered("delivered")}
      where ${range}`.execute(db),
  );
  await sql`create index messages_unread on messages (chat_id, sender_id, seq, stored_at) where is_read = 0`.execute(
    db,
  );
  await sql`create index messages_undelivered on messages (chat_id, sender_id, seq) where delivered = 0`.execute(
    db,
  );
  for (const column of WATERMARKS) {
    await db.schema.alterTable("chats").dropColumn(column).execute();
  }
}

/** Returns the last seq before the sender's first message without a receipt. */
function lastBeforeUnset(column: "is_read" | "delivered", sender: "user1_id" | "user2_id") {
  return sql`coalesce((select min(seq) - 1 from messages where chat_id = chats.id
    and sender_id = ${sql.ref(`chats.${sender}`)} and ${sql.ref(column)} = 0), last_seq)`;
}

/** Returns 1 for a message at or below the other member's watermark, otherwise 0. */
function isCovered(kind: "read" | "delivered") {
  return sql`(select case when messages.seq <= case when messages.sender_id = user1_id
    then ${sql.ref(`user2_${kind}`)} else ${sql.ref(`user1_${kind}`)} end then 1 else 0 end
    from chats where chats.id = messages.chat_id)`;
}

/** Calls `write` for consecutive id ranges that cover all rows of a table. */
async function inBatches(
  db: Kysely<unknown>,
  table: "chats" | "messages",
  write: (range: RawBuilder<unknown>) => Promise<unknown>,
): Promise<void> {
  const name = sql.table(table);
  const { rows } = await sql<{ last: number | null }>`select max(id) as last from ${name}`.execute(
    db,
  );
  // `db:sql` prints the statements without a database, so queries return no rows.
  if (rows.length === 0) return void (await write(sql`1 = 1`));
  const last = rows[0]!.last ?? 0;
  for (let after = 0; after < last; after += BATCH) {
    await write(sql`id > ${after} and id <= ${after + BATCH}`);
  }
}
