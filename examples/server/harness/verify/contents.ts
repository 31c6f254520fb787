import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectTo, type Row, sqlitePathOf } from "./connection.js";

/** A message row of the database. */
export interface MessageRow {
  readonly chat_id: number;
  readonly seq: number;
  readonly client_id: string;
  /** Null if the content was deleted. */
  readonly encrypted_content: Uint8Array | null;
}

/** The messages of a server's database, read without the server. */
export interface Contents {
  /** Messages by chat id, ordered by seq. */
  readonly messages: ReadonlyMap<number, readonly MessageRow[]>;
  readonly lastSeqs: ReadonlyMap<number, number>;
}

/** Reads all chats, or the given ones. No client may write to them at the same time. */
export async function readContents(
  databaseUrl: string,
  chats?: readonly number[],
): Promise<Contents> {
  const only = (column: string) => (chats ? `WHERE ${column} IN (${chats.join(", ")})` : "");
  const connection = await connectTo(databaseUrl);
  try {
    const messages = await connection.all(
      `SELECT chat_id, seq, client_id, encrypted_content FROM messages ${only("chat_id")}
       ORDER BY chat_id, seq`,
    );
    const lastSeqs = await connection.all(`SELECT id, last_seq FROM chats ${only("id")}`);
    return {
      messages: byChat(messages.map(toMessageRow)),
      lastSeqs: new Map(lastSeqs.map(({ id, last_seq }) => [Number(id), Number(last_seq)])),
    };
  } finally {
    await connection.close();
  }
}

/**
 * Reads a copy of the database of a killed server. Reading the original would perform SQLite's recovery, which the restarted server
 * must do.
 */
export async function readAfterKill(databaseUrl: string): Promise<Contents> {
  const path = sqlitePathOf(databaseUrl);
  if (path === undefined) return readContents(databaseUrl);
  const folder = mkdtempSync(join(tmpdir(), "lacre-killed-"));
  const copy = join(folder, "copy.db");
  copyFileSync(path, copy);
  if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`);
  const contents = await readContents(`sqlite:///${copy}`);
  rmSync(folder, { recursive: true });
  return contents;
}

/** Deletes the content of a random message of a chat, as the server does after `auto_delete_hours`. */
export async function deleteContent(
  databaseUrl: string,
  chat: number,
  random: () => number,
): Promise<void> {
  const connection = await connectTo(databaseUrl);
  const [row] = await connection.all(`SELECT last_seq FROM chats WHERE id = ${chat}`);
  const seq = 1 + Math.floor(random() * Number(row!.last_seq));
  await connection.all(
    `UPDATE messages SET encrypted_content = NULL WHERE chat_id = ${chat} AND seq = ${seq}`,
  );
  await connection.close();
}

function byChat(rows: readonly MessageRow[]): Map<number, MessageRow[]> {
  const chats = new Map<number, MessageRow[]>();
  for (const row of rows) {
    const chat = chats.get(row.chat_id);
    if (chat) chat.push(row);
    else chats.set(row.chat_id, [row]);
  }
  return chats;
}

/** PostgreSQL's driver returns 64-bit integers as text, and libsql returns blobs as ArrayBuffers. */
function toMessageRow({ chat_id, seq, client_id, encrypted_content: content }: Row): MessageRow {
  return {
    chat_id: Number(chat_id),
    seq: Number(seq),
    client_id: String(client_id),
    encrypted_content:
      content instanceof ArrayBuffer ? new Uint8Array(content) : (content as Uint8Array | null),
  };
}
