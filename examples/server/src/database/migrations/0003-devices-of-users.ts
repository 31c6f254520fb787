import type { Kysely } from "kysely";

/** Adds an index to find out whether an account knows a device. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex("sessions_devices")
    .on("sessions")
    .columns(["user_id", "device_id"])
    .execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropIndex("sessions_devices").execute();
}
