import { type Kysely, sql } from "kysely";
import { isPostgres } from "../column-types.js";

/**
 * Counts the stored bytes of each user's messages with triggers, so that every statement that stores or deletes messages
 * updates the count. Adds an index to count the chats that a user created.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Locks chats before messages, as an instance that stores a message does: otherwise the two could deadlock on PostgreSQL.
  await db.schema.createIndex("chats_created_by").on("chats").column("created_by").execute();
  await db.schema
    .createTable("stored_bytes")
    .addColumn("user_id", "bigint", (column) =>
      column.primaryKey().notNull().references("users.id"),
    )
    .addColumn("bytes", "bigint", (column) => column.notNull())
    .execute();
  // Create the triggers first: in PostgreSQL they lock out writers until the existing messages are counted.
  for (const statement of isPostgres(db) ? ON_POSTGRESQL : ON_SQLITE) {
    await sql.raw(statement).execute(db);
  }
  const length = sql.raw(isPostgres(db) ? "octet_length" : "length");
  await sql`insert into stored_bytes (user_id, bytes)
    select sender_id, sum(${length}(encrypted_content)) from messages
    where encrypted_content is not null group by sender_id`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropIndex("chats_created_by").execute();
  for (const trigger of ["messages_counted", "messages_uncounted", "messages_deleted"]) {
    const onTable = sql.raw(isPostgres(db) ? " on messages" : "");
    await sql`drop trigger ${sql.ref(trigger)}${onTable}`.execute(db);
  }
  if (isPostgres(db)) {
    await sql`drop function count_stored_bytes()`.execute(db);
    await sql`drop function uncount_stored_bytes()`.execute(db);
    await sql`drop function uncount_deleted_bytes()`.execute(db);
  }
  await db.schema.dropTable("stored_bytes").execute();
}

const ON_SQLITE = [
  `create trigger messages_counted after insert on messages
    when new.encrypted_content is not null
    begin
      insert into stored_bytes (user_id, bytes) values (new.sender_id, length(new.encrypted_content))
        on conflict (user_id) do update set bytes = bytes + excluded.bytes;
    end`,
  `create trigger messages_uncounted after update of encrypted_content on messages
    when old.encrypted_content is not null and new.encrypted_content is null
    begin
      update stored_bytes set bytes = bytes - length(old.encrypted_content)
        where user_id = old.sender_id;
    end`,
  // The server deletes no rows of messages. An operator may.
  `create trigger messages_deleted after delete on messages
    when old.encrypted_content is not null
    begin
      update stored_bytes set bytes = bytes - length(old.encrypted_content)
        where user_id = old.sender_id;
    end`,
];

// Statement-level triggers that update in order of user id, so that two bulk deletions cannot deadlock.
const ON_POSTGRESQL = [
  `create function count_stored_bytes() returns trigger language plpgsql as $$
    begin
      insert into stored_bytes (user_id, bytes)
        select sender_id, sum(octet_length(encrypted_content)) from added
          where encrypted_content is not null group by sender_id order by sender_id
        on conflict (user_id) do update set bytes = stored_bytes.bytes + excluded.bytes;
      return null;
    end $$`,
  `create trigger messages_counted after insert on messages
    referencing new table as added for each statement execute function count_stored_bytes()`,
  `create function uncount_stored_bytes() returns trigger language plpgsql as $$
    begin
      insert into stored_bytes (user_id, bytes)
        select before.sender_id, -sum(octet_length(before.encrypted_content))
          from before join after on after.id = before.id
          where before.encrypted_content is not null and after.encrypted_content is null
          group by before.sender_id order by before.sender_id
        on conflict (user_id) do update set bytes = stored_bytes.bytes + excluded.bytes;
      return null;
    end $$`,
  `create trigger messages_uncounted after update on messages
    referencing old table as before new table as after
    for each statement execute function uncount_stored_bytes()`,
  `create function uncount_deleted_bytes() returns trigger language plpgsql as $$
    begin
      insert into stored_bytes (user_id, bytes)
        select sender_id, -sum(octet_length(encrypted_content)) from deleted
          where encrypted_content is not null group by sender_id order by sender_id
        on conflict (user_id) do update set bytes = stored_bytes.bytes + excluded.bytes;
      return null;
    end $$`,
  `create trigger messages_deleted after delete on messages
    referencing old table as deleted for each statement execute function uncount_deleted_bytes()`,
];
