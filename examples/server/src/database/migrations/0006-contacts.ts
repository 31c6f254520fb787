import { type Kysely, sql } from "kysely";

const COLUMNS = ["accepted_at", "user1_blocked_at", "user2_blocked_at"] as const;

/** Adds contact requests and blocking. Existing chats count as accepted. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const column of COLUMNS) {
    await db.schema.alterTable("chats").addColumn(column, "double precision").execute();
  }
  await sql`update chats set accepted_at = created_at`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const column of COLUMNS) await db.schema.alterTable("chats").dropColumn(column).execute();
}
