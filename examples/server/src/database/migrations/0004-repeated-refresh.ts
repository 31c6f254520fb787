import type { Kysely } from "kysely";
import { columnTypes } from "../column-types.js";

/** Stores the previous refresh token, so that a device whose answer was lost can repeat the request. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { bytes } = columnTypes(db);
  // SQLite adds only one column per statement.
  await db.schema.alterTable("sessions").addColumn("previous_refresh_id", bytes).execute();
  await db.schema.alterTable("sessions").addColumn("rotated_at", "double precision").execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("sessions").dropColumn("rotated_at").execute();
  await db.schema.alterTable("sessions").dropColumn("previous_refresh_id").execute();
}
