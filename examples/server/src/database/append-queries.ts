import { type Compilable, type Kysely, type QueryCreator, sql } from "kysely";
import { isPostgres } from "./column-types.js";
import { type Chat, type MembersColumn, membersInChat, withMembers } from "./members.js";
import { PreparedQuery } from "./prepared-query.js";
import { type ChatRow, type Schema, type StoredMessage, tables } from "./schema.js";

/** A message of a batch before it is stored. */
export type RowToAppend = Omit<StoredMessage, "id">;

/** The fields of a message that decide whether it can be stored. */
export type MessageToAppend = Pick<StoredMessage, "chat_id" | "sender_id"> & {
  readonly client_id?: string | undefined;
  readonly device?: string | undefined;
};

/** A message that was stored with the same chat, sender and client id. */
export type SentBefore = Pick<StoredMessage, "id" | "seq" | "stored_at" | "digest">;

/** What the database has about a message of a batch. */
export interface FactsOfMessage {
  /** Total stored bytes of the sender's messages in all chats. */
  readonly storedBytes: number;
  readonly sent: SentBefore | undefined;
  /** Whether the message's device is in the sender's device log. */
  readonly isOwnDevice: boolean;
}

/** What the database has about the messages of a batch. */
export interface ReadForBatch {
  /** The chats by their ids, without unknown ones. */
  readonly chats: Map<number, Chat>;
  /** Of each message, in their order. */
  readonly facts: readonly FactsOfMessage[];
}

/** A row of `read`. The chat's columns are null, but for the first message of each chat. */
type ReadRow = { [Column in keyof ChatRow]: ChatRow[Column] | null } & {
  members: MembersColumn | null;
  at: number;
  stored_bytes: number | null;
  own_device: string | null;
  sent_id: number | null;
  sent_seq: number;
  sent_stored_at: number;
  sent_digest: Uint8Array;
};

/** A row of `read` with the last seq of the locked chat, which may be newer than the row. */
type LockedRow = ReadRow & { newest_seq: number | null };

const COLUMNS = [
  ...["chat_id", "sender_id", "seq", "client_id", "encrypted_content", "nonce", "timestamp"],
  ...["stored_at", "digest", "epoch", "device", "content_type"],
] as (keyof RowToAppend)[];

// By name: after another instance has added a column, PostgreSQL rejects the plan that it keeps of `*`.
const CHAT_COLUMNS = Object.keys(tables.chats.columns) as (keyof ChatRow)[];

/** Maximum number of rows of a statement that inserts. */
const MAX_ROWS = 64;

/** Columns of the rows that are passed to `reading`. */
const TO_READ = ["at", "chat", "chat_id", "sender_id", "client_id", "device"] as const;

/** The rows that `lockAndRead` locks. */
type WithLocked = Schema & { locked: Pick<ChatRow, "id" | "last_seq"> };

/** Expresses what `read` reads, in a query that `from` begins. */
function reading(db: Kysely<Schema>, parameters: object, from: QueryCreator<WithLocked>) {
  return (
    from
      .selectFrom(given(db, parameters, TO_READ))
      .leftJoin("chats", "chats.id", "given.chat")
      .leftJoin("messages", (join) =>
        join
          .onRef("messages.chat_id", "=", "given.chat_id")
          .onRef("messages.sender_id", "=", "given.sender_id")
          .onRef("messages.client_id", "=", "given.client_id"),
      )
      .select("given.at")
      // More joins would take PostgreSQL longer to plan than to execute.
      .select(({ selectFrom }) => [
        selectFrom("stored_bytes")
          .select("bytes")
          .whereRef("user_id", "=", "given.sender_id")
          .as("stored_bytes"),
        selectFrom("devices")
          .select("devices.device")
          .whereRef("user_id", "=", "given.sender_id")
          .whereRef("devices.device", "=", "given.device")
          .where("removed_at", "is", null)
          .as("own_device"),
      ])
      .select(["messages.id as sent_id", "messages.seq as sent_seq"])
      .select(["messages.stored_at as sent_stored_at", "messages.digest as sent_digest"])
      .select(CHAT_COLUMNS.map((column) => `chats.${column}` as const))
      .select(membersInChat(db))
  );
}

const read = new PreparedQuery<object, ReadRow>(
  (db, parameters) =>
    reading(
      db,
      parameters,
      db as unknown as QueryCreator<WithLocked>,
    ) as unknown as Compilable<ReadRow>,
);

/**
 * Locks the chats, and reads. If it waited for a lock, the locked row is newer than all else that it reads, and `newest_seq` greater
 * than `last_seq`. Only for PostgreSQL: on SQLite, no other transaction writes.
 */
const lockAndRead = new PreparedQuery<object, LockedRow>(
  (db, parameters) =>
    reading(
      db,
      parameters,
      db.with("locked", () =>
        db
          .selectFrom("chats")
          .select(["id", "last_seq"])
          .where(sql<boolean>`id = any(${Reflect.get(parameters, "chat")}::bigint[])`)
          .orderBy("id")
          .forNoKeyUpdate(),
      ),
    ).select(({ selectFrom }) =>
      selectFrom("locked")
        .select("locked.last_seq")
        .whereRef("locked.id", "=", "given.chat")
        .as("newest_seq"),
    ) as unknown as Compilable<LockedRow>,
);

function settingLastSeqs(db: Kysely<Schema>, parameters: object) {
  return db
    .updateTable("chats")
    .from(given(db, parameters, ["id", "last_seq"]))
    .set(({ ref }) => ({ last_seq: ref("given.last_seq") }))
    .whereRef("chats.id", "=", "given.id");
}

const setLastSeqs = new PreparedQuery<object, never>(settingLastSeqs);

type InsertedRow = Pick<StoredMessage, "id" | "chat_id" | "seq">;

/**
 * Returns a query that inserts messages. On PostgreSQL it also sets the last seqs of chats, so that a batch takes one round trip
 * less.
 */
function inserting(count: number) {
  return new PreparedQuery<object, InsertedRow>((db, parameters) => {
    const row = (at: number) =>
      Object.fromEntries(
        COLUMNS.map((column) => [column, Reflect.get(parameters, `${column} ${at}`)]),
      ) as unknown as RowToAppend;
    const into = isPostgres(db) ? db.with("changed", () => settingLastSeqs(db, parameters)) : db;
    return into
      .insertInto("messages")
      .values(Array.from({ length: count }, (_, at) => row(at)))
      .returning(["id", "chat_id", "seq"]);
  });
}

/** Queries that insert 1, 2, 4 … `MAX_ROWS` messages, so that few are compiled. */
const inserts = new Map<number, PreparedQuery<object, InsertedRow>>();
for (let count = 1; count <= MAX_ROWS; count *= 2) inserts.set(count, inserting(count));

/** Appends messages to chats in batches. Both methods must run in one transaction, `read` first. */
export class AppendQueries {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /**
   * Locks the chats of messages until the end of the transaction, by ascending id, so that two batches cannot deadlock. Reads what
   * decides whether they can be stored.
   */
  async read(messages: readonly MessageToAppend[]): Promise<ReadForBatch> {
    const chats = new Map<number, Chat>();
    const facts = new Array<FactsOfMessage>(messages.length);
    const seen = new Set<number>();
    const given = messages.map(({ chat_id, sender_id, client_id = null, device = null }, at) => {
      const chat = seen.has(chat_id) ? null : chat_id;
      seen.add(chat_id);
      return { at, chat, chat_id, sender_id, client_id, device };
    });
    for (const row of await this.#read(this.#given(given))) {
      const { at, stored_bytes, own_device, sent_id, sent_seq, sent_stored_at, ...rest } = row;
      const { sent_digest: digest, ...chat } = rest;
      const sent = { id: sent_id!, seq: sent_seq, stored_at: sent_stored_at, digest };
      facts[at] = {
        storedBytes: stored_bytes ?? 0,
        sent: sent_id === null ? undefined : sent,
        isOwnDevice: own_device !== null,
      };
      if (chat.id !== null) {
        const found = withMembers(chat as ChatRow & { members: MembersColumn });
        chats.set(found.id, found);
      }
    }
    return { chats, facts };
  }

  async #read(parameters: object): Promise<ReadRow[]> {
    if (isPostgres(this.#db)) {
      const { rows } = await lockAndRead.execute(this.#db, parameters);
      const isOld = rows.some(({ newest_seq, last_seq }) => newest_seq !== last_seq);
      if (!isOld) return rows.map(({ newest_seq: _, ...row }) => row);
    }
    return (await read.execute(this.#db, parameters)).rows;
  }

  /** Inserts messages, and sets the last seqs of their chats. Returns the ids of the messages, in their order. */
  async add(messages: readonly RowToAppend[]): Promise<number[]> {
    // The triggers lock the senders' `stored_bytes` in this order, so that two batches cannot deadlock.
    const sorted = [...messages].sort((a, b) => a.sender_id - b.sender_id);
    const last = new Map(messages.map(({ chat_id, seq }) => [chat_id, seq]));
    const lastSeqs = this.#given([...last].map(([id, last_seq]) => ({ id, last_seq })));
    if (!isPostgres(this.#db)) await setLastSeqs.execute(this.#db, lastSeqs);
    const ids = new Map<string, number>();
    for (let from = 0, count = MAX_ROWS; from < sorted.length; ) {
      while (count > sorted.length - from) count /= 2;
      const parameters: Record<string, unknown> = from === 0 ? lastSeqs : { id: [], last_seq: [] };
      for (let row = 0; row < count; row++)
        for (const column of COLUMNS) parameters[`${column} ${row}`] = sorted[from + row]![column];
      const { rows } = await inserts.get(count)!.execute(this.#db, parameters);
      for (const { id, chat_id, seq } of rows) ids.set(`${chat_id} ${seq}`, id);
      from += count;
    }
    return messages.map(({ chat_id, seq }) => ids.get(`${chat_id} ${seq}`)!);
  }

  /** Returns the parameters for `given`: JSON of all rows for SQLite, an array for each column for PostgreSQL. */
  #given(rows: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown> {
    if (!isPostgres(this.#db)) return { rows: JSON.stringify(rows) };
    const columns = Object.keys(rows[0] ?? {});
    return Object.fromEntries(columns.map((column) => [column, rows.map((row) => row[column])]));
  }
}

type GivenRow = Record<"at" | "chat_id" | "sender_id" | "id" | "last_seq", number> &
  Record<"client_id" | "device", string | null> & { chat: number | null };

const TEXTS: readonly string[] = ["client_id", "device"];

/** Expresses rows that are passed as parameters as a table. */
function given<Column extends keyof GivenRow>(
  db: Kysely<Schema>,
  parameters: object,
  columns: readonly Column[],
) {
  const parameter = (name: string) => sql`${Reflect.get(parameters, name)}`;
  const source = isPostgres(db)
    ? sql`select * from unnest(${sql.join(
        columns.map((name) => {
          const type = TEXTS.includes(name) ? sql`text[]` : sql`bigint[]`;
          return sql`${parameter(name)}::${type}`;
        }),
      )}) as rows(${sql.join(columns.map((name) => sql.ref(name)))})`
    : sql`select ${sql.join(
        columns.map((name) => sql`value ->> ${sql.lit(name)} as ${sql.ref(name)}`),
      )} from json_each(${parameter("rows")})`;
  return sql<Pick<GivenRow, Column>>`(${source})`.as<"given">("given");
}
