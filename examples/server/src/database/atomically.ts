import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.js";

/** Runs `work` in a transaction and rolls back if it rejects. Inside a transaction, uses a savepoint instead. */
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

const ROLLBACK = new Error("rolled back: work returned undefined");

/** Like `atomically`, but also rolls back when `work` returns undefined. */
export async function atomicallyOrUndefined<Result>(
  db: Kysely<Schema>,
  work: (db: Kysely<Schema>) => Promise<Result | undefined>,
): Promise<Result | undefined> {
  try {
    return await atomically(db, async (inside) => {
      const result = await work(inside);
      if (result === undefined) throw ROLLBACK;
      return result;
    });
  } catch (error) {
    if (error === ROLLBACK) return undefined;
    throw error;
  }
}
