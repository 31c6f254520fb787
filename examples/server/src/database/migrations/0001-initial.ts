import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("users")
    .addColumn("id", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("uuid", "text", (column) => column.notNull().unique())
    .addColumn("username", "text", (column) => column.notNull())
    .addColumn("username_key", "text", (column) => column.notNull().unique())
    .addColumn("email", "text")
    .addColumn("hashed_password", "text", (column) => column.notNull())
    .addColumn("is_active", "integer", (column) => column.notNull().defaultTo(1))
    .addColumn("created_at", "double precision", (column) => column.notNull())
    .addColumn("last_login", "double precision")
    .execute();

  await db.schema
    .createTable("chats")
    .addColumn("id", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("chat_uuid", "text", (column) => column.notNull().unique())
    .addColumn("user1_id", "integer", (column) => column.notNull().references("users.id"))
    .addColumn("user2_id", "integer", (column) => column.notNull().references("users.id"))
    .addColumn("created_by", "integer", (column) => column.notNull().references("users.id"))
    .addColumn("encryption_type", "text", (column) => column.notNull())
    .addColumn("auto_delete_hours", "integer")
    .addColumn("salt", "blob")
    .addColumn("iterations", "integer")
    .addColumn("key_check", "blob")
    .addColumn("last_seq", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("created_at", "double precision", (column) => column.notNull())
    .addUniqueConstraint("chats_members", ["user1_id", "user2_id"])
    .addCheckConstraint("chats_members_in_order", sql`user1_id < user2_id`)
    .execute();
  await db.schema.createIndex("chats_user2").on("chats").column("user2_id").execute();

  await db.schema
    .createTable("messages")
    .addColumn("id", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("chat_id", "integer", (column) => column.notNull().references("chats.id"))
    .addColumn("sender_id", "integer", (column) => column.notNull().references("users.id"))
    .addColumn("seq", "integer", (column) => column.notNull())
    .addColumn("client_id", "text")
    .addColumn("encrypted_content", "blob")
    .addColumn("nonce", "blob", (column) => column.notNull())
    .addColumn("timestamp", "double precision", (column) => column.notNull())
    .addColumn("stored_at", "double precision", (column) => column.notNull())
    .addColumn("delete_at", "double precision")
    .addColumn("digest", "blob", (column) => column.notNull())
    .addColumn("is_read", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("delivered", "integer", (column) => column.notNull().defaultTo(0))
    .addUniqueConstraint("messages_seq", ["chat_id", "seq"])
    .addUniqueConstraint("messages_client_id", ["chat_id", "sender_id", "client_id"])
    .execute();

  await db.schema
    .createTable("sessions")
    .addColumn("id", "blob", (column) => column.primaryKey())
    .addColumn("user_id", "integer", (column) => column.notNull().references("users.id"))
    .addColumn("device_id", "text")
    .addColumn("created_at", "double precision", (column) => column.notNull())
    .addColumn("expires_at", "double precision", (column) => column.notNull())
    .addColumn("refresh_id", "blob", (column) => column.notNull())
    .addColumn("revoked_at", "double precision")
    .execute();

  await db.schema
    .createTable("server_keys")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("purpose", "text", (column) => column.notNull())
    .addColumn("material", "blob", (column) => column.notNull())
    .addColumn("created_at", "double precision", (column) => column.notNull())
    .execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ["server_keys", "sessions", "messages", "chats", "users"]) {
    await db.schema.dropTable(table).execute();
  }
}
