import { type Kysely, sql } from "kysely";
import { columnTypes } from "../column-types.js";

/** Adds the device logs of users, acceptances of new devices, key packages, and the device to which a session belongs. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { id, bytes } = columnTypes(db);

  await db.schema
    .createTable("device_entries")
    .addColumn("user_id", "bigint", (column) => column.notNull().references("users.id"))
    .addColumn("seq", "integer", (column) => column.notNull())
    .addColumn("head", bytes, (column) => column.notNull())
    .addColumn("entry", bytes, (column) => column.notNull())
    .addColumn("stored_at", "double precision", (column) => column.notNull())
    .addUniqueConstraint("device_entries_seq", ["user_id", "seq"])
    .execute();

  await db.schema
    .createTable("devices")
    .addColumn("user_id", "bigint", (column) => column.notNull().references("users.id"))
    .addColumn("device", "text", (column) => column.notNull())
    .addColumn("removed_at", "double precision")
    .addUniqueConstraint("devices_device", ["user_id", "device"])
    .execute();

  await db.schema
    .createTable("acceptances")
    .addColumn("id", ...id)
    .addColumn("user_id", "bigint", (column) => column.notNull().references("users.id"))
    .addColumn("device", "text", (column) => column.notNull())
    .addColumn("acceptance", bytes, (column) => column.notNull())
    .addColumn("expires_at", "double precision", (column) => column.notNull())
    .addUniqueConstraint("acceptances_device", ["user_id", "device"])
    .execute();
  await db.schema
    .createIndex("acceptances_expiring")
    .on("acceptances")
    .column("expires_at")
    .execute();

  await db.schema
    .createTable("key_packages")
    .addColumn("id", ...id)
    .addColumn("user_id", "bigint", (column) => column.notNull().references("users.id"))
    .addColumn("device", "text", (column) => column.notNull())
    .addColumn("suite", "integer", (column) => column.notNull())
    .addColumn("is_last_resort", "integer", (column) => column.notNull())
    .addColumn("digest", bytes, (column) => column.notNull())
    .addColumn("key_package", bytes)
    .addColumn("claimed_at", "double precision")
    .addUniqueConstraint("key_packages_digest", ["user_id", "device", "digest"])
    .execute();
  await sql`create index key_packages_unclaimed
    on key_packages (user_id, device, suite, is_last_resort, id) where key_package is not null`.execute(
    db,
  );
  await sql`create index key_packages_claimed on key_packages (claimed_at) where claimed_at is not null`.execute(
    db,
  );

  await db.schema.alterTable("sessions").addColumn("device", "text").execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("sessions").dropColumn("device").execute();
  for (const table of ["key_packages", "acceptances", "devices", "device_entries"]) {
    await db.schema.dropTable(table).execute();
  }
}
