import { type Insertable, type Kysely, sql } from "kysely";
import { atomicallyOrUndefined } from "./atomically.js";
import type { Schema, User } from "./schema.js";

/** A user who logs in, and whether the device is known from an earlier login. */
export type LoginUser = User & { isKnownDevice: boolean };

/** Reads and writes user accounts. */
export class UserQueries {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Creates a user. Returns undefined if the name or one of its visual forms is taken. */
  create(user: Insertable<Schema["users"]>, looks: readonly string[]): Promise<User | undefined> {
    return atomicallyOrUndefined(this.#db, async (inside) => {
      const created = await inside
        .insertInto("users")
        .values(user)
        .onConflict((conflict) => conflict.column("username_key").doNothing())
        .returningAll()
        .executeTakeFirst();
      if (created === undefined) return undefined;
      const { numInsertedOrUpdatedRows } = await inside
        .insertInto("username_looks")
        // Insert in sorted order, so that two concurrent registrations cannot deadlock.
        .values([...looks].sort().map((look) => ({ look, user_id: created.id })))
        .onConflict((conflict) => conflict.column("look").doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === BigInt(looks.length) ? created : undefined;
    });
  }

  find(id: number): Promise<User | undefined> {
    return this.#db.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirst();
  }

  /** Lists the users with one of the keys, in no order. */
  listByKeys(username_keys: readonly string[]): Promise<User[]> {
    return this.#db
      .selectFrom("users")
      .selectAll()
      .where("username_key", "in", username_keys)
      .execute();
  }

  /** Finds a user by `username_key`, and whether the database has a session of that user from the device. */
  async findLogin(username_key: string, device_id: string): Promise<LoginUser | undefined> {
    const found = await this.#db
      .selectFrom("users")
      .selectAll()
      .select((select) =>
        select
          .selectFrom("sessions")
          .select("user_id")
          .whereRef("user_id", "=", "users.id")
          .where("device_id", "=", device_id)
          .limit(1)
          .$asScalar()
          .as("known"),
      )
      .where("username_key", "=", username_key)
      .executeTakeFirst();
    if (found === undefined) return undefined;
    const { known, ...user } = found;
    return { ...user, isKnownDevice: known !== null };
  }

  /** Lists active users whose `username_key` starts with `prefix`, sorted by it, starting after `after`. */
  search(
    prefix: string,
    { after = "", limit }: { after?: string; limit: number },
  ): Promise<User[]> {
    return (
      this.#db
        .selectFrom("users")
        .selectAll()
        .where("username_key", ">=", prefix)
        // U+10FFFF is the last code point: every name with this prefix sorts before it.
        .where("username_key", "<", `${prefix}\u{10FFFF}`)
        .where("username_key", ">", after)
        // A literal 1, so that the query matches the partial index `users_active`.
        .where("is_active", "=", sql.lit(1))
        .orderBy("username_key")
        .limit(limit)
        .execute()
    );
  }

  async noteLogin(id: number, last_login: number): Promise<void> {
    await this.#db.updateTable("users").set({ last_login }).where("id", "=", id).execute();
  }

  /** Replaces a user's password hash if it is still `hashed`. */
  async replacePasswordHash(id: number, hashed: string, hashed_password: string): Promise<void> {
    await this.#db
      .updateTable("users")
      .set({ hashed_password })
      .where("id", "=", id)
      .where("hashed_password", "=", hashed)
      .execute();
  }

  /** Enables or disables an account. A disabled user cannot log in, and existing sessions end. */
  async setActive(id: number, isActive: boolean): Promise<void> {
    const is_active = isActive ? 1 : 0;
    await this.#db.updateTable("users").set({ is_active }).where("id", "=", id).execute();
  }
}
