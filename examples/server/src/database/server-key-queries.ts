import type { Kysely } from "kysely";
import type { Schema, ServerKey } from "./schema.js";

/** Reads and writes the keys that all instances share. */
export class ServerKeyQueries {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Stores a key, unless one with this id exists. */
  async add(key: ServerKey): Promise<void> {
    await this.#db
      .insertInto("server_keys")
      .values(key)
      .onConflict((conflict) => conflict.column("id").doNothing())
      .execute();
  }

  /** Lists the keys of a purpose, newest first. */
  list(purpose: ServerKey["purpose"]): Promise<ServerKey[]> {
    return this.#db
      .selectFrom("server_keys")
      .selectAll()
      .where("purpose", "=", purpose)
      .orderBy("created_at", "desc")
      .orderBy("id")
      .execute();
  }

  async remove(id: string): Promise<void> {
    await this.#db.deleteFrom("server_keys").where("id", "=", id).execute();
  }

  /** Writes the time of a health check. Throws if the database rejects writes. */
  async noteHealth(created_at: number): Promise<void> {
    await this.#db
      .insertInto("server_keys")
      .values({ id: "health", purpose: "health", material: new Uint8Array(), created_at })
      .onConflict((conflict) => conflict.column("id").doUpdateSet({ created_at }))
      .execute();
  }
}
