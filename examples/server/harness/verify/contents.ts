import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "libsql";
import { Client } from "pg";

/** A message as it stands in the database. */
export interface MessageRow {
  readonly chat_id: number;
  readonly sender_id: number;
  readonly seq: number;
  readonly client_id: string;
  /** Null when it was deleted. */
  readonly encrypted_content: Uint8Array | null;
  readonly nonce: Uint8Array;
}

/** What a server's database holds, read past the server. */
export interface Contents {
  /** By chat, in the order of their seqs. */
  readonly messages: ReadonlyMap<number, readonly MessageRow[]>;
  readonly lastSeqs: ReadonlyMap<number, number>;
}

type Rows = Record<string, unknown>[];

const MESSAGES = `SELECT chat_id, sender_id, seq, client_id, encrypted_content, nonce
  FROM messages ORDER BY chat_id, seq`;
const CHATS = "SELECT id, last_seq FROM chats";

export async function readContents(databaseUrl: string): Promise<Contents> {
  const path = sqlitePathOf(databaseUrl);
  const [messages, chats] = path === undefined ? await readPostgres(databaseUrl) : readSqlite(path);
  const byChat = new Map<number, MessageRow[]>();
  for (const row of messages.map(toMessageRow)) {
    const rows = byChat.get(row.chat_id);
    if (rows) rows.push(row);
    else byChat.set(row.chat_id, [row]);
  }
  const lastSeqs = new Map(chats.map(({ id, last_seq }) => [Number(id), Number(last_seq)]));
  return { messages: byChat, lastSeqs };
}

/** Reads what a killed server left, and leaves it so: a first reader of the file itself would do the server's recovery. */
export async function readRemains(databaseUrl: string): Promise<Contents> {
  const path = sqlitePathOf(databaseUrl);
  if (path === undefined) return readContents(databaseUrl);
  const folder = mkdtempSync(join(tmpdir(), "lacre-remains-"));
  const copy = join(folder, "copy.db");
  copyFileSync(path, copy);
  if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`);
  const contents = await readContents(`sqlite:///${copy}`);
  rmSync(folder, { recursive: true });
  return contents;
}

function sqlitePathOf(databaseUrl: string): string | undefined {
  return /^sqlite:\/\/\/(.+)$/.exec(databaseUrl)?.[1];
}

function readSqlite(path: string): readonly [Rows, Rows] {
  const database = new Sqlite(path, { timeout: 5000 });
  const read = (sql: string) => database.prepare(sql).all() as Rows;
  // Of one moment, as the server goes on writing.
  const rows = database.transaction(() => [read(MESSAGES), read(CHATS)] as const)();
  database.close();
  return rows;
}

async function readPostgres(databaseUrl: string): Promise<readonly [Rows, Rows]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const { rows: messages } = await client.query<Rows[number]>(MESSAGES);
  const { rows: chats } = await client.query<Rows[number]>(CHATS);
  await client.end();
  return [messages, chats];
}

/** PostgreSQL's driver gives 64-bit integers as text, and libsql gives blobs as ArrayBuffers. */
function toMessageRow(row: Record<string, unknown>): MessageRow {
  return {
    chat_id: Number(row.chat_id),
    sender_id: Number(row.sender_id),
    seq: Number(row.seq),
    client_id: String(row.client_id),
    encrypted_content: row.encrypted_content === null ? null : toBytes(row.encrypted_content),
    nonce: toBytes(row.nonce),
  };
}

function toBytes(value: unknown): Uint8Array {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : (value as Uint8Array);
}
