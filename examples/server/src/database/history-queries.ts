import { type Kysely, sql } from "kysely";
import { isPostgres } from "./column-types.js";
import type { Schema } from "./schema.js";

/** Where a chunk is stored. `chat_id` and `first_seq` are 0 for pinned logs. */
export interface ChunkPosition {
  readonly user_id: number;
  readonly device: string;
  readonly chat_id: number;
  readonly first_seq: number;
}

/** Reads and writes the history of MLS chats. The caller of a write locks the user's devices with `DeviceQueries.lock`. */
export class HistoryQueries {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Finds a user's history key, and the number of bytes of all its chunks. */
  findKey(user_id: number) {
    return this.#db
      .selectFrom("history_keys")
      .select(["key_id", "history_key", "stored_bytes"])
      .where("user_id", "=", user_id)
      .executeTakeFirst();
  }

  /** Stores a key without chunks, in place of an earlier one. */
  async replaceKey(user_id: number, key: { key_id: string; history_key: Uint8Array }) {
    await this.deleteKey(user_id);
    await this.#db
      .insertInto("history_keys")
      .values({ user_id, ...key, stored_bytes: 0 })
      .execute();
  }

  /** Deletes a user's key with all chunks. */
  async deleteKey(user_id: number): Promise<void> {
    await this.#db.deleteFrom("history_chunks").where("user_id", "=", user_id).execute();
    await this.#db.deleteFrom("history_keys").where("user_id", "=", user_id).execute();
  }

  /** Stores a chunk with a new id in place of the one at its position. Returns the number of bytes of all chunks. */
  async write(position: ChunkPosition, chunk: Uint8Array): Promise<number> {
    await this.delete(position);
    await this.#db
      .insertInto("history_chunks")
      .values({ ...position, chunk })
      .execute();
    return this.#add(position.user_id, chunk.length);
  }

  async delete({ user_id, device, chat_id, first_seq }: ChunkPosition): Promise<void> {
    const length = sql.raw(isPostgres(this.#db) ? "octet_length" : "length");
    const deleted = await this.#db
      .deleteFrom("history_chunks")
      .where("user_id", "=", user_id)
      .where("device", "=", device)
      .where("chat_id", "=", chat_id)
      .where("first_seq", "=", first_seq)
      .returning(sql<number>`${length}(chunk)`.as("bytes"))
      .executeTakeFirst();
    if (deleted !== undefined) await this.#add(user_id, -deleted.bytes);
  }

  async #add(user_id: number, bytes: number): Promise<number> {
    const { stored_bytes } = await this.#db
      .updateTable("history_keys")
      .set(({ eb }) => ({ stored_bytes: eb("stored_bytes", "+", bytes) }))
      .where("user_id", "=", user_id)
      .returning("stored_bytes")
      .executeTakeFirstOrThrow();
    return stored_bytes;
  }

  /** Lists chunks of a user with greater ids, by ascending id. */
  list(user_id: number, { after, limit }: { after: number; limit: number }) {
    return this.#db
      .selectFrom("history_chunks")
      .select(["id", "chunk"])
      .where("user_id", "=", user_id)
      .where("id", ">", after)
      .orderBy("id")
      .limit(limit)
      .execute();
  }
}
