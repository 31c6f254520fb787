import type { Kysely } from "kysely";
import { columnTypes } from "../column-types.js";

/** Adds the history of MLS chats: encrypted copies of read messages. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { id, bytes } = columnTypes(db);

  await db.schema
    .createTable("history_keys")
    .addColumn("user_id", "bigint", (column) => column.primaryKey().references("users.id"))
    .addColumn("key_id", "text", (column) => column.notNull())
    .addColumn("history_key", bytes, (column) => column.notNull())
    .addColumn("stored_bytes", "bigint", (column) => column.notNull())
    .execute();

  await db.schema
    .createTable("history_chunks")
    .addColumn("id", ...id)
    .addColumn("user_id", "bigint", (column) => column.notNull().references("users.id"))
    .addColumn("device", "text", (column) => column.notNull())
    .addColumn("chat_id", "bigint", (column) => column.notNull())
    .addColumn("first_seq", "bigint", (column) => column.notNull())
    .addColumn("chunk", bytes, (column) => column.notNull())
    .addUniqueConstraint("history_chunks_position", ["user_id", "device", "chat_id", "first_seq"])
    .execute();
  await db.schema
    .createIndex("history_chunks_of_user")
    .on("history_chunks")
    .columns(["user_id", "id"])
    .execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable("history_chunks").execute();
  await db.schema.dropTable("history_keys").execute();
}
