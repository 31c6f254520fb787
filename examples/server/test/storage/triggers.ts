import { type Kysely, sql } from "kysely";
import { isPostgres } from "../../src/database/column-types.js";
import type { Schema } from "../../src/database/schema.js";

/** Has the database raise an error at each update of a row of `table` of which `condition` holds. */
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
