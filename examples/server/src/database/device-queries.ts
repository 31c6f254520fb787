import type { Insertable, Kysely } from "kysely";
import { isPostgres } from "./column-types.js";
import type { DeviceEntry, Schema } from "./schema.js";

/** A device that the log of a user has or had. */
export interface KnownDevice {
  readonly user_id: number;
  /** 32 lower-case hexadecimal digits. */
  readonly device: string;
  readonly isRemoved: boolean;
}

/** Reads and writes device logs, the devices in them, and acceptances of new devices. */
export class DeviceQueries {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /**
   * Locks the devices and key packages of users until the transaction ends. On SQLite each transaction excludes all others.
   * Always in the same order, so that two transactions cannot deadlock.
   */
  async lock(user_ids: readonly number[]): Promise<void> {
    await this.#db
      .selectFrom("users")
      .select("id")
      .where("id", "in", user_ids)
      .orderBy("id")
      .$if(isPostgres(this.#db), (query) => query.forNoKeyUpdate())
      .execute();
  }

  /** Lists the first `limit` entries of a user's log after a seq. */
  listEntries(
    user_id: number,
    { after = 0, limit }: { after?: number; limit: number },
  ): Promise<Pick<DeviceEntry, "seq" | "head" | "entry">[]> {
    return this.#db
      .selectFrom("device_entries")
      .select(["seq", "head", "entry"])
      .where("user_id", "=", user_id)
      .where("seq", ">", after)
      .orderBy("seq")
      .limit(limit)
      .execute();
  }

  /** Returns the number of entries of a user's log. */
  async lastSeq(user_id: number): Promise<number> {
    const last = await this.#db
      .selectFrom("device_entries")
      .select("seq")
      .where("user_id", "=", user_id)
      .orderBy("seq", "desc")
      .limit(1)
      .executeTakeFirst();
    return last?.seq ?? 0;
  }

  async addEntry(entry: Insertable<Schema["device_entries"]>): Promise<void> {
    await this.#db.insertInto("device_entries").values(entry).execute();
  }

  async add(user_id: number, device: string): Promise<void> {
    await this.#db.insertInto("devices").values({ user_id, device }).execute();
  }

  async markRemoved(user_id: number, device: string, removed_at: number): Promise<void> {
    await this.#db
      .updateTable("devices")
      .set({ removed_at })
      .where("user_id", "=", user_id)
      .where("device", "=", device)
      .execute();
  }

  /** Finds a device that the user's log has or had. */
  async find(user_id: number, device: string): Promise<KnownDevice | undefined> {
    const found = await this.#db
      .selectFrom("devices")
      .select("removed_at")
      .where("user_id", "=", user_id)
      .where("device", "=", device)
      .executeTakeFirst();
    return found && { user_id, device, isRemoved: found.removed_at !== null };
  }

  /** Lists the devices in the logs of users, at most 8 for each. */
  list(user_ids: readonly number[]): Promise<{ user_id: number; device: string }[]> {
    return this.#db
      .selectFrom("devices")
      .select(["user_id", "device"])
      .where("user_id", "in", user_ids)
      .where("removed_at", "is", null)
      .execute();
  }

  /** Stores the acceptance of a device, in place of an earlier one. */
  async keepAcceptance(acceptance: Insertable<Schema["acceptances"]>): Promise<void> {
    await this.#db
      .insertInto("acceptances")
      .values(acceptance)
      .onConflict((conflict) => conflict.columns(["user_id", "device"]).doUpdateSet(acceptance))
      .execute();
  }

  /** Finds the acceptance of a device that is not expired at `now`. */
  findAcceptance(user_id: number, device: string, now: number) {
    return this.#db
      .selectFrom("acceptances")
      .select(["acceptance", "expires_at"])
      .where("user_id", "=", user_id)
      .where("device", "=", device)
      .where("expires_at", ">", now)
      .executeTakeFirst();
  }

  /** Deletes acceptances that are expired at `now`, at most `limit`. Returns their number. */
  async deleteExpired({ now, limit }: { now: number; limit: number }): Promise<number> {
    const { numDeletedRows } = await this.#db
      .deleteFrom("acceptances")
      .where("id", "in", (expired) =>
        expired
          .selectFrom("acceptances")
          .select("id")
          .where("expires_at", "<=", now)
          .orderBy("expires_at")
          .limit(limit),
      )
      .executeTakeFirst();
    return Number(numDeletedRows);
  }
}
