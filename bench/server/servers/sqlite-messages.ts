import Database from "libsql";

export interface Message {
  readonly chat_id: number;
  readonly sender_id: number;
  readonly client_id: string;
  readonly content: Uint8Array;
  readonly nonce: Uint8Array;
  readonly timestamp: number;
}

export interface Stored {
  readonly message_id: number;
  readonly seq: number;
  readonly stored_at: number;
}

/** Inserts messages as the server does: the same tables, pragmas and prepared statements, without its other work. */
export class SqliteMessages {
  readonly #database: Database.Database;
  readonly #isGrouped: boolean;
  readonly #takeSeq: Database.Statement;
  readonly #insert: Database.Statement;
  /** Callbacks that wait for the commit. */
  #waiting: (() => void)[] = [];

  constructor(path: string, isGrouped: boolean) {
    this.#isGrouped = isGrouped;
    this.#database = new Database(path);
    for (const pragma of ["journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"]) {
      this.#database.pragma(pragma);
    }
    this.#takeSeq = this.#database.prepare(
      "UPDATE chats SET last_seq = last_seq + 1 WHERE id = ? RETURNING last_seq",
    );
    this.#insert = this.#database.prepare(
      `INSERT INTO messages (chat_id, sender_id, seq, client_id, encrypted_content, nonce, timestamp,
         stored_at, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    );
  }

  /** Calls back when the message is on disk. */
  store(message: Message, done: (stored: Stored) => void): void {
    if (this.#waiting.length === 0) this.#database.exec("BEGIN");
    const stored = this.#write(message);
    this.#waiting.push(() => done(stored));
    if (!this.#isGrouped) this.#commit();
    // Commit together with all messages that arrived in the same iteration of the event loop.
    else if (this.#waiting.length === 1) setImmediate(() => this.#commit());
  }

  #write({ chat_id, sender_id, client_id, content, nonce, timestamp }: Message): Stored {
    const { last_seq: seq } = this.#takeSeq.get(chat_id) as { last_seq: number };
    const stored_at = Date.now() / 1000;
    const row = [chat_id, sender_id, seq, client_id, content, nonce, timestamp, stored_at, nonce];
    const { id } = this.#insert.get(row) as { id: number };
    return { message_id: id, seq, stored_at };
  }

  #commit(): void {
    this.#database.exec("COMMIT");
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }
}
