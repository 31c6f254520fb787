import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("users")
    .addColumn("id", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("username", "text", (column) => column.notNull())
    .addColumn("username_key", "text", (column) => column.notNull().unique())
    .addColumn("hashed_password", "text", (column) => column.notNull())
    .addColumn("created_at", "real", (column) => column.notNull())
    .execute();

  await db.schema
    .createTable("chats")
    .addColumn("id", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("user1_id", "integer", (column) => column.notNull().references("users.id"))
    .addColumn("user2_id", "integer", (column) => column.notNull().references("users.id"))
    .addColumn("encryption_type", "text", (column) => column.notNull())
    .addColumn("salt", "blob", (column) => column.notNull())
    .addColumn("iterations", "integer", (column) => column.notNull())
    .addColumn("key_check", "blob", (column) => column.notNull())
    .addColumn("last_seq", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("created_at", "real", (column) => column.notNull())
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
    .addColumn("encrypted_content", "blob", (column) => column.notNull())
    .addColumn("nonce", "blob", (column) => column.notNull())
    .addColumn("timestamp", "real", (column) => column.notNull())
    .addColumn("stored_at", "real", (column) => column.notNull())
    .addColumn("digest", "blob", (column) => column.notNull())
    .addColumn("is_read", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("delivered", "integer", (column) => column.notNull().defaultTo(0))
    .addUniqueConstraint("messages_seq", ["chat_id", "seq"])
    .addUniqueConstraint("messages_client_id", ["chat_id", "sender_id", "client_id"])
    .execute();
  await db.schema
    .createIndex("messages_unread")
    .on("messages")
    .columns(["chat_id", "is_read", "seq"])
    .execute();

  await db.schema
    .createTable("sessions")
    .addColumn("id", "blob", (column) => column.primaryKey())
    .addColumn("user_id", "integer", (column) => column.notNull().references("users.id"))
    .addColumn("created_at", "real", (column) => column.notNull())
    .addColumn("expires_at", "real", (column) => column.notNull())
    .execute();

  await db.schema
    .createTable("server_keys")
    .addColumn("purpose", "text", (column) => column.primaryKey())
    .addColumn("material", "blob", (column) => column.notNull())
    .addColumn("created_at", "real", (column) => column.notNull())
    .execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ["server_keys", "sessions", "messages", "chats", "users"]) {
    await db.schema.dropTable(table).execute();
  }
}
