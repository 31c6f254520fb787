import { type Insertable, type Kysely, sql } from "kysely";
import type { Schema, Session } from "./schema.js";

/** Maximum rows that one statement deletes. */
const MAX_DELETED_SESSIONS = 200;

/** Reads and writes login sessions. */
export class SessionQueries {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  async create(session: Insertable<Schema["sessions"]>): Promise<void> {
    await this.#db.insertInto("sessions").values(session).execute();
  }

  /**
   * Deletes a user's sessions beyond `max`: revoked ones first, then the least recently refreshed, and never `kept`.
   * Returns the ids of the deleted sessions that were not revoked.
   */
  async deleteBeyond(kept: Pick<Session, "id" | "user_id">, max: number) {
    const beyond = await this.#db
      .selectFrom("sessions")
      .select(["id", "revoked_at"])
      .where("user_id", "=", kept.user_id)
      .where("id", "!=", kept.id)
      .orderBy(sql`revoked_at is not null`)
      .orderBy(sql`coalesce(rotated_at, created_at)`, "desc")
      .limit(MAX_DELETED_SESSIONS)
      .offset(max - 1)
      .execute();
    if (beyond.length === 0) return [];
    const ids = beyond.map(({ id }) => id);
    await this.#db.deleteFrom("sessions").where("id", "in", ids).execute();
    return beyond.filter(({ revoked_at }) => revoked_at === null).map(({ id }) => id);
  }

  find(id: Uint8Array) {
    return this.#db
      .selectFrom("sessions")
      .innerJoin("users", "users.id", "sessions.user_id")
      .selectAll("sessions")
      .select(["username", "is_active"])
      .where("sessions.id", "=", id)
      .executeTakeFirst();
  }

  /** Replaces the valid refresh token. Returns false if `refresh_id` is not the valid one or the session is revoked. */
  async rotate(
    { id, refresh_id }: Pick<Session, "id" | "refresh_id">,
    next: { refresh_id: Uint8Array; expires_at: number; rotated_at: number },
  ): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable("sessions")
      .set({ ...next, previous_refresh_id: refresh_id })
      .where("id", "=", id)
      .where("refresh_id", "=", refresh_id)
      .where("revoked_at", "is", null)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  async revoke(id: Uint8Array, revoked_at: number): Promise<void> {
    await this.#db
      .updateTable("sessions")
      .set({ revoked_at })
      .where("id", "=", id)
      .where("revoked_at", "is", null)
      .execute();
  }

  /** Makes a session one of a device. Returns false if it is one of another device. */
  async bind(id: Uint8Array, device: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable("sessions")
      .set({ device })
      .where("id", "=", id)
      .where(({ or, eb }) => or([eb("device", "is", null), eb("device", "=", device)]))
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** Makes a session one of a device, also if it was one of another device. */
  async rebind(id: Uint8Array, device: string): Promise<void> {
    await this.#db.updateTable("sessions").set({ device }).where("id", "=", id).execute();
  }

  /** Revokes all sessions of a user but one. Returns their ids. */
  async revokeOthers(kept: Pick<Session, "id" | "user_id">, revoked_at: number) {
    const revoked = await this.#db
      .updateTable("sessions")
      .set({ revoked_at })
      .where("user_id", "=", kept.user_id)
      .where("id", "!=", kept.id)
      .where("revoked_at", "is", null)
      .returning("id")
      .execute();
    return revoked.map(({ id }) => id);
  }

  /** Revokes the sessions of a device. Returns their ids. */
  async revokeOfDevice(
    { user_id, device }: { user_id: number; device: string },
    revoked_at: number,
  ): Promise<Uint8Array[]> {
    const revoked = await this.#db
      .updateTable("sessions")
      .set({ revoked_at })
      .where("user_id", "=", user_id)
      .where("device", "=", device)
      .where("revoked_at", "is", null)
      .returning("id")
      .execute();
    return revoked.map(({ id }) => id);
  }

  /** Deletes at most `limit` sessions that are expired at `now`. Returns the number of deleted sessions. */
  async deleteExpired({ now, limit }: { now: number; limit: number }): Promise<number> {
    const { numDeletedRows } = await this.#db
      .deleteFrom("sessions")
      .where("id", "in", (expired) =>
        expired
          .selectFrom("sessions")
          .select("id")
          .where("expires_at", "<=", now)
          .orderBy("expires_at")
          .limit(limit),
      )
      .executeTakeFirst();
    return Number(numDeletedRows);
  }
}
