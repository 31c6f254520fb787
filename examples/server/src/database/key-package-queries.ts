import type { Insertable, Kysely } from "kysely";
import type { KeyPackage, Schema } from "./schema.js";

/** A key package before it is stored. */
export type NewKeyPackage = Omit<Insertable<Schema["key_packages"]>, "id" | "claimed_at"> & {
  key_package: Uint8Array;
};

/** A key package that is not claimed. */
export type UnclaimedKeyPackage = Pick<
  KeyPackage,
  "id" | "user_id" | "device" | "is_last_resort"
> & { key_package: Uint8Array };

/** Number of key packages that claims of one suite can receive, or of the one of last resort. */
export interface KeyPackageCount {
  readonly suite: number;
  readonly is_last_resort: number;
  readonly count: number;
}

/** Reads and writes key packages. The caller locks the users' devices with `DeviceQueries.lock`. */
export class KeyPackageQueries {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Stores key packages, except those that the device published before. */
  async add(keyPackages: readonly NewKeyPackage[]): Promise<void> {
    if (keyPackages.length === 0) return;
    await this.#db
      .insertInto("key_packages")
      .values(keyPackages)
      .onConflict((conflict) => conflict.columns(["user_id", "device", "digest"]).doNothing())
      .execute();
  }

  /** Deletes the key package of last resort that the next one of a device and suite replaces. */
  async deleteLastResort({ user_id, device, suite, digest }: NewKeyPackage): Promise<void> {
    await this.#db
      .deleteFrom("key_packages")
      .where("user_id", "=", user_id)
      .where("device", "=", device)
      .where("suite", "=", suite)
      .where("is_last_resort", "=", 1)
      .where("digest", "!=", digest)
      .where("key_package", "is not", null)
      .execute();
  }

  /** Counts the key packages of a device that are not claimed. */
  count(user_id: number, device: string): Promise<KeyPackageCount[]> {
    return this.#db
      .selectFrom("key_packages")
      .select(["suite", "is_last_resort"])
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .where("user_id", "=", user_id)
      .where("device", "=", device)
      .where("key_package", "is not", null)
      .groupBy(["suite", "is_last_resort"])
      .execute();
  }

  /** Lists for each device of the users its oldest key package, and the one of last resort. */
  listOldest(user_ids: readonly number[], suite: number): Promise<UnclaimedKeyPackage[]> {
    return this.#db
      .selectFrom("key_packages")
      .select(["id", "user_id", "device", "is_last_resort"])
      .select(({ ref }) => ref("key_package").$castTo<Uint8Array>().as("key_package"))
      .where("id", "in", (oldest) =>
        oldest
          .selectFrom("key_packages")
          .select(({ fn }) => fn.min("id").as("id"))
          .where("user_id", "in", user_ids)
          .where("suite", "=", suite)
          .where("key_package", "is not", null)
          .groupBy(["user_id", "device", "is_last_resort"]),
      )
      .execute();
  }

  /** Marks key packages as claimed, and deletes their bytes. */
  async claim(ids: readonly number[], claimed_at: number): Promise<void> {
    if (ids.length === 0) return;
    await this.#db
      .updateTable("key_packages")
      .set({ key_package: null, claimed_at })
      .where("id", "in", ids)
      .execute();
  }

  /** Deletes all key packages of a device. */
  async deleteOf(user_id: number, device: string): Promise<void> {
    await this.#db
      .deleteFrom("key_packages")
      .where("user_id", "=", user_id)
      .where("device", "=", device)
      .execute();
  }

  /** Deletes rows of key packages that were claimed up to a time, at most `limit`. Returns their number. */
  async deleteClaimed({ until, limit }: { until: number; limit: number }): Promise<number> {
    const { numDeletedRows } = await this.#db
      .deleteFrom("key_packages")
      .where("id", "in", (claimed) =>
        claimed
          .selectFrom("key_packages")
          .select("id")
          .where("claimed_at", "<=", until)
          .orderBy("claimed_at")
          .limit(limit),
      )
      .executeTakeFirst();
    return Number(numDeletedRows);
  }
}
