import { type Kysely, sql } from "kysely";
import { isPostgres } from "../../src/database/column-types.js";
import type { Schema } from "../../src/database/schema.js";

/** Makes the database reject updates of rows of `table` that fulfil `condition`, while `work` runs. */
export async function withoutUpdatesOf(
  table: keyof Schema,
  condition: string,
  db: Kysely<Schema>,
  work: () => Promise<void>,
): Promise<void> {
  const raw = (statement: string) => sql.raw(statement).execute(db);
  if (isPostgres(db)) {
    await raw(`create or replace function reject() returns trigger language plpgsql
      as $$begin raise 'rejected'; end$$`);
    await raw(`create trigger rejects before update on ${table} for each row
      when (${condition}) execute function reject()`);
  } else {
    await raw(`create trigger rejects before update on ${table} when ${condition}
      begin select raise(abort, 'rejected'); end`);
  }
  try {
    await work();
  } finally {
    await raw(`drop trigger rejects${isPostgres(db) ? ` on ${table}` : ""}`);
  }
}
