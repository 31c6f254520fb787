import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectTo, type Row, sqlitePathOf } from "./connection.js";

/** A message as it stands in the database. */
export interface MessageRow {
  readonly chat_id: number;
  readonly seq: number;
  readonly client_id: string;
  /** Null when it was deleted. */
  readonly encrypted_content: Uint8Array | null;
}

/** What a server's database holds, read past the server. */
export interface Contents {
  /** By chat, in the order of their seqs. */
  readonly messages: ReadonlyMap<number, readonly MessageRow[]>;
  readonly lastSeqs: ReadonlyMap<number, number>;
}

/** Reads all chats, or some. Nobody may write to these meanwhile. */
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

/** Deletes the content of one of a chat's messages, as the server does when its time is over. */
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

/** PostgreSQL's driver gives 64-bit integers as text, and libsql gives blobs as ArrayBuffers. */
function toMessageRow({ chat_id, seq, client_id, encrypted_content: content }: Row): MessageRow {
  return {
    chat_id: Number(chat_id),
    seq: Number(seq),
    client_id: String(client_id),
    encrypted_content:
      content instanceof ArrayBuffer ? new Uint8Array(content) : (content as Uint8Array | null),
  };
}
