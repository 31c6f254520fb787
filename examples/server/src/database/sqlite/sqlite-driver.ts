import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from "kysely";
import type { Batch } from "./batch.js";
import { GroupCommit } from "./group-commit.js";
import { SqliteConnection } from "./sqlite-connection.js";

export interface SqliteOptions {
  readonly enforcesForeignKeys: boolean;
}

/**
 * Kysely driver for SQLite with two connections. One runs write transactions, one after the other. The other reads committed
 * data at any time.
 */
export class SqliteDriver implements Driver {
  readonly #path: string;
  readonly #enforcesForeignKeys: boolean;
  #writer!: SqliteConnection;
  #reader!: SqliteConnection;
  #groupCommit!: GroupCommit;

  constructor(
    path: string,
    { enforcesForeignKeys }: SqliteOptions = { enforcesForeignKeys: true },
  ) {
    this.#path = path;
    this.#enforcesForeignKeys = enforcesForeignKeys;
  }

  async init(): Promise<void> {
    this.#writer = new SqliteConnection(this.#path);
    this.#writer.set("journal_mode = WAL");
    // An acknowledged message must survive a power failure.
    this.#writer.set("synchronous = FULL");
    this.#writer.set(`foreign_keys = ${this.#enforcesForeignKeys ? "ON" : "OFF"}`);
    // Overwrite deleted messages in the file.
    this.#writer.set("secure_delete = ON");
    // Do not block the event loop while another process writes: `GroupCommit` retries.
    this.#writer.set("busy_timeout = 0");
    this.#groupCommit = new GroupCommit(this.#writer);
    this.#reader = new SqliteConnection(this.#path);
    this.#reader.set("query_only = ON");
  }

  async acquireConnection(): Promise<SqliteLease> {
    return new SqliteLease(this.#reader, this.#writer, this.#groupCommit);
  }

  async releaseConnection(): Promise<void> {}

  beginTransaction(lease: SqliteLease): Promise<void> {
    return lease.begin();
  }

  commitTransaction(lease: SqliteLease): Promise<void> {
    return lease.commit();
  }

  async rollbackTransaction(lease: SqliteLease): Promise<void> {
    lease.rollback();
  }

  async destroy(): Promise<void> {
    await this.#groupCommit.finish();
    // The write-ahead log still contains deleted messages until a checkpoint truncates it.
    this.#writer.set("wal_checkpoint(TRUNCATE)");
    this.#reader.close();
    this.#writer.close();
  }
}

/** Access of one Kysely caller to the two connections. */
class SqliteLease implements DatabaseConnection {
  readonly #reader: SqliteConnection;
  readonly #writer: SqliteConnection;
  readonly #groupCommit: GroupCommit;
  /** Batch of the current transaction. */
  #batch: Batch | undefined;

  constructor(reader: SqliteConnection, writer: SqliteConnection, groupCommit: GroupCommit) {
    this.#reader = reader;
    this.#writer = writer;
    this.#groupCommit = groupCommit;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#batch) return this.#write(this.#batch, query);
    if (query.query.kind === "SelectQueryNode") return this.#reader.execute(query);
    const batch = await this.#groupCommit.enter();
    let result: QueryResult<Row>;
    try {
      result = this.#write(batch, query);
    } finally {
      this.#groupCommit.leave();
    }
    await batch.committed;
    return result;
  }

  async begin(): Promise<void> {
    this.#batch = await this.#groupCommit.enter();
    try {
      this.#writer.command("savepoint whole");
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  commit(): Promise<void> {
    const batch = this.#batch!;
    batch.assertOpen();
    this.#writer.command("release savepoint whole");
    this.#end();
    return batch.committed;
  }

  rollback(): void {
    // After a failed commit there is no transaction to roll back.
    if (this.#batch === undefined) return;
    try {
      if (this.#batch.isOver) return;
      this.#writer.command("rollback to savepoint whole");
      this.#writer.command("release savepoint whole");
    } finally {
      this.#end();
    }
  }

  streamQuery(): never {
    throw new Error("this driver does not support streaming");
  }

  #write<Row>(batch: Batch, query: CompiledQuery): QueryResult<Row> {
    batch.assertOpen();
    try {
      return this.#writer.execute(query);
    } catch (error) {
      this.#groupCommit.noteFailure(error);
      throw error;
    }
  }

  #end(): void {
    this.#batch = undefined;
    this.#groupCommit.leave();
  }
}
