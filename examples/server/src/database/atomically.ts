import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.js";

/** All that `work` does is done, or nothing of it where it fails: also in the middle of a transaction, which goes on. */
export async function atomically<Result>(
  db: Kysely<Schema>,
  work: (db: Kysely<Schema>) => Promise<Result>,
): Promise<Result> {
  if (!db.isTransaction) return db.transaction().execute(work);
  await sql`savepoint part`.execute(db);
  try {
    const result = await work(db);
    await sql`release savepoint part`.execute(db);
    return result;
  } catch (error) {
    await sql`rollback to savepoint part`.execute(db);
    await sql`release savepoint part`.execute(db);
    throw error;
  }
}

const NOTHING = new Error("nothing is done");

/** As `atomically`, and nothing is done where `work` gives undefined either. */
export async function allOrUndefined<Result>(
  db: Kysely<Schema>,
  work: (db: Kysely<Schema>) => Promise<Result | undefined>,
): Promise<Result | undefined> {
  try {
    return await atomically(db, async (inside) => {
      const result = await work(inside);
      if (result === undefined) throw NOTHING;
      return result;
    });
  } catch (error) {
    if (error === NOTHING) return undefined;
    throw error;
  }
}
