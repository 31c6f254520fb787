import { type Kysely, sql } from "kysely";
import { columnTypes } from "../column-types.js";

export async function up(db: Kysely<unknown>): Promise<void> {
  const { id, bytes, key } = columnTypes(db);

  await db.schema
    .createTable("users")
    .addColumn("id", ...id)
    .addColumn("uuid", "text", (column) => column.notNull().unique())
    .addColumn("username", "text", (column) => column.notNull())
    .addColumn("username_key", key, (column) => column.notNull().unique())
    .addColumn("email", "text")
    .addColumn("hashed_password", "text", (column) => column.notNull())
    .addColumn("is_active", "integer", (column) => column.notNull().defaultTo(1))
    .addColumn("created_at", "double precision", (column) => column.notNull())
    .addColumn("last_login", "double precision")
    .execute();

  await db.schema
    .createTable("username_looks")
    .addColumn("look", "text", (column) => column.primaryKey().notNull())
    .addColumn("user_id", "bigint", (column) => column.notNull().references("users.id"))
    .execute();

  await db.schema
    .createTable("chats")
    .addColumn("id", ...id)
    .addColumn("chat_uuid", "text", (column) => column.notNull().unique())
    .addColumn("user1_id", "bigint", (column) => column.notNull().references("users.id"))
    .addColumn("user2_id", "bigint", (column) => column.notNull().references("users.id"))
    .addColumn("created_by", "bigint", (column) => column.notNull().references("users.id"))
    .addColumn("encryption_type", "text", (column) => column.notNull())
    .addColumn("auto_delete_hours", "bigint")
    .addColumn("salt", bytes)
    .addColumn("iterations", "integer")
    .addColumn("key_check", bytes)
    .addColumn("last_seq", "bigint", (column) => column.notNull().defaultTo(0))
    .addColumn("created_at", "double precision", (column) => column.notNull())
    .addUniqueConstraint("chats_members", ["user1_id", "user2_id"])
    .addCheckConstraint("chats_members_in_order", sql`user1_id < user2_id`)
    .execute();
  await db.schema.createIndex("chats_user2").on("chats").column("user2_id").execute();

  await db.schema
    .createTable("messages")
    .addColumn("id", ...id)
    .addColumn("chat_id", "bigint", (column) => column.notNull().references("chats.id"))
    .addColumn("sender_id", "bigint", (column) => column.notNull().references("users.id"))
    .addColumn("seq", "bigint", (column) => column.notNull())
    .addColumn("client_id", "text")
    .addColumn("encrypted_content", bytes)
    .addColumn("nonce", bytes, (column) => column.notNull())
    .addColumn("timestamp", "double precision", (column) => column.notNull())
    .addColumn("stored_at", "double precision", (column) => column.notNull())
    .addColumn("delete_at", "double precision")
    .addColumn("digest", bytes, (column) => column.notNull())
    .addColumn("is_read", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("delivered", "integer", (column) => column.notNull().defaultTo(0))
    .addUniqueConstraint("messages_seq", ["chat_id", "seq"])
    .addUniqueConstraint("messages_client_id", ["chat_id", "sender_id", "client_id"])
    .execute();
  // Partial indexes for unread and undelivered messages, which are the last rows of a chat.
  await sql`create index messages_unread on messages (chat_id, sender_id, seq, delete_at) where is_read = 0`.execute(
    db,
  );
  await sql`create index messages_undelivered on messages (chat_id, sender_id, seq) where delivered = 0`.execute(
    db,
  );
  await sql`create index messages_expiring on messages (delete_at) where delete_at is not null and encrypted_content is not null`.execute(
    db,
  );

  await db.schema
    .createTable("sessions")
    .addColumn("id", bytes, (column) => column.primaryKey().notNull())
    .addColumn("user_id", "bigint", (column) => column.notNull().references("users.id"))
    .addColumn("device_id", "text")
    .addColumn("created_at", "double precision", (column) => column.notNull())
    .addColumn("expires_at", "double precision", (column) => column.notNull())
    .addColumn("refresh_id", bytes, (column) => column.notNull())
    .addColumn("revoked_at", "double precision")
    .execute();
  await db.schema.createIndex("sessions_expiring").on("sessions").column("expires_at").execute();

  await db.schema
    .createTable("server_keys")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("purpose", "text", (column) => column.notNull())
    .addColumn("material", bytes, (column) => column.notNull())
    .addColumn("created_at", "double precision", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("server_keys_purpose").on("server_keys").column("purpose").execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ["server_keys", "sessions", "messages", "chats", "username_looks", "users"]) {
    await db.schema.dropTable(table).execute();
  }
}
