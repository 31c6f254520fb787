import { type Kysely, sql } from "kysely";
import { columnTypes } from "../column-types.js";

/** Adds the MLS fields of messages, invitations of devices to MLS chats, and the group infos by which devices join. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { id, bytes } = columnTypes(db);

  await db.schema.alterTable("messages").addColumn("epoch", "bigint").execute();
  await db.schema.alterTable("messages").addColumn("device", "text").execute();
  await db.schema.alterTable("messages").addColumn("content_type", "text").execute();
  await sql`create index messages_proposals on messages (chat_id, epoch, sender_id)
    where content_type = 'proposal'`.execute(db);

  await db.schema
    .createTable("group_infos")
    .addColumn("chat_id", "bigint", (column) => column.primaryKey().references("chats.id"))
    .addColumn("epoch", "bigint", (column) => column.notNull())
    .addColumn("group_info", bytes, (column) => column.notNull())
    .execute();

  await db.schema
    .createTable("invitation_contents")
    .addColumn("id", ...id)
    .addColumn("content", bytes, (column) => column.notNull())
    .execute();

  await db.schema
    .createTable("invitations")
    .addColumn("id", ...id)
    .addColumn("chat_id", "bigint", (column) => column.notNull().references("chats.id"))
    .addColumn("user_id", "bigint", (column) => column.notNull().references("users.id"))
    .addColumn("device", "text", (column) => column.notNull())
    .addColumn("content_id", "bigint", (column) =>
      column.notNull().references("invitation_contents.id"),
    )
    .addColumn("created_at", "double precision", (column) => column.notNull())
    .addUniqueConstraint("invitations_device", ["user_id", "device", "chat_id"])
    .execute();
  await db.schema
    .createIndex("invitations_content")
    .on("invitations")
    .column("content_id")
    .execute();
  await db.schema
    .createIndex("invitations_of_device")
    .on("invitations")
    .columns(["user_id", "device", "id"])
    .execute();
  await db.schema
    .createIndex("invitations_created")
    .on("invitations")
    .column("created_at")
    .execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ["invitations", "invitation_contents", "group_infos"]) {
    await db.schema.dropTable(table).execute();
  }
  await sql`drop index messages_proposals`.execute(db);
  for (const column of ["content_type", "device", "epoch"]) {
    await db.schema.alterTable("messages").dropColumn(column).execute();
  }
}
