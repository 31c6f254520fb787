import { type QueryExecutorProvider, type RawBuilder, sql } from "kysely";
import { isPostgres } from "./column-types.js";
import type { ChatRow } from "./schema.js";

/*
 * The expiry of a message is computed from its `stored_at` and its chat's setting, not stored in a column. A change of the
 * setting therefore updates one row and takes effect immediately, regardless of the number of messages.
 */

/** Returns the `stored_at` of a message that is `hours` old at `now`, in seconds; 0 if the chat keeps messages. */
export function storedBefore(hours: number | null, now: number): number {
  return hours === null ? 0 : now - hours * 3600;
}

/** Returns the latest `stored_at` of a chat's messages that are expired at `now`, in seconds. */
export function expiredUntil(
  { expired_until, auto_delete_hours }: Pick<ChatRow, "expired_until" | "auto_delete_hours">,
  now: number,
): number {
  return Math.max(expired_until ?? 0, storedBefore(auto_delete_hours, now));
}

/** Expresses `expiredUntil` in a query over `chats`. */
export function expiredUntilInChat(db: QueryExecutorProvider, now: number): RawBuilder<number> {
  const bySetting = sql`cast(${now} as double precision) -
    cast(chats.auto_delete_hours as double precision) * 3600`;
  return greatest(db, sql`coalesce(chats.expired_until, 0)`, sql`coalesce(${bySetting}, 0)`);
}

export function greatest(
  db: QueryExecutorProvider,
  ...values: RawBuilder<unknown>[]
): RawBuilder<number> {
  return sql`${sql.raw(isPostgres(db) ? "greatest" : "max")}(${sql.join(values)})`;
}

export function smallest(
  db: QueryExecutorProvider,
  ...values: RawBuilder<unknown>[]
): RawBuilder<number> {
  return sql`${sql.raw(isPostgres(db) ? "least" : "min")}(${sql.join(values)})`;
}
