import { type Kysely, sql } from "kysely";

/** Adds MLS chats: their suite and epoch, and the users whom their creators invited. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // SQLite adds only one column per statement.
  await db.schema.alterTable("chats").addColumn("suite", "integer").execute();
  await db.schema.alterTable("chats").addColumn("epoch", "bigint").execute();
  await db.schema
    .createTable("invited_users")
    .addColumn("chat_id", "bigint", (column) => column.notNull().references("chats.id"))
    .addColumn("user_id", "bigint", (column) => column.notNull().references("users.id"))
    .addPrimaryKeyConstraint("invited_users_pkey", ["chat_id", "user_id"])
    .execute();
}

/** Deletes MLS chats with their messages: without these columns, the server would show them as passphrase chats. */
export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable("invited_users").execute();
  const mlsChats = sql`(select id from chats where suite is not null)`;
  for (const table of ["messages", "chat_members"]) {
    await sql`delete from ${sql.table(table)} where chat_id in ${mlsChats}`.execute(db);
  }
  await sql`delete from chats where suite is not null`.execute(db);
  await db.schema.alterTable("chats").dropColumn("epoch").execute();
  await db.schema.alterTable("chats").dropColumn("suite").execute();
}
