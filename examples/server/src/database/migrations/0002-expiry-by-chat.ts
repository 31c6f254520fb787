import { type Kysely, sql } from "kysely";

const CHAT_COLUMNS = [
  ["expired_until", "double precision"],
  ["auto_delete_set_by", "bigint"],
  ["auto_delete_set_at", "double precision"],
  ["auto_delete_set_after", "bigint"],
] as const;

/** Computes a message's expiry from its chat, so that a change of the setting updates one row only. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // SQLite adds only one column per statement.
  for (const [column, type] of CHAT_COLUMNS) {
    const isUser = column === "auto_delete_set_by";
    await db.schema
      .alterTable("chats")
      .addColumn(column, type, (built) => (isUser ? built.references("users.id") : built))
      .execute();
  }
  // Before this migration each message had its own expiry time. Delete expired contents so that they do not reappear.
  await sql`update messages set encrypted_content = null where encrypted_content is not null
    and delete_at <= ${Date.now() / 1000}`.execute(db);
  await sql`update chats set expired_until = 0 where auto_delete_hours is not null`.execute(db);

  for (const index of ["messages_expiring", "messages_unread"]) {
    await db.schema.dropIndex(index).execute();
  }
  await db.schema.alterTable("messages").dropColumn("delete_at").execute();
  const indices = [
    sql`messages_unread on messages (chat_id, sender_id, seq, stored_at) where is_read = 0`,
    sql`messages_kept on messages (chat_id, seq, stored_at) where encrypted_content is not null`,
    sql`messages_expiring on messages (chat_id, stored_at) where encrypted_content is not null`,
    sql`chats_expiring on chats (id) where expired_until is not null`,
  ];
  for (const index of indices) await sql`create index ${index}`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  // Delete the contents that `expired_until` hides, or they would reappear.
  await sql`update messages set encrypted_content = null where encrypted_content is not null and stored_at <=
    (select expired_until from chats where chats.id = chat_id)`.execute(db);
  const indices = ["messages_unread", "messages_kept", "messages_expiring", "chats_expiring"];
  for (const index of indices) await db.schema.dropIndex(index).execute();
  await db.schema.alterTable("messages").addColumn("delete_at", "double precision").execute();
  await sql`update messages set delete_at = stored_at +
    (select auto_delete_hours * 3600 from chats where chats.id = chat_id)`.execute(db);
  await sql`create index messages_unread on messages (chat_id, sender_id, seq, delete_at) where is_read = 0`.execute(
    db,
  );
  await sql`create index messages_expiring on messages (delete_at) where delete_at is not null and encrypted_content is not null`.execute(
    db,
  );
  for (const [column] of CHAT_COLUMNS) {
    await db.schema.alterTable("chats").dropColumn(column).execute();
  }
}
