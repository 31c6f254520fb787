import type { NotNull } from "kysely";
import { openDatabase } from "../../server/src/database/open-database.js";

/** A message as the server stores it. */
export interface MessageRow {
  readonly seq: number;
  readonly sender: string;
  readonly client_id: string | null;
  readonly nonce: Uint8Array;
  readonly encrypted_content: Uint8Array;
}

/** Reads the messages of chats with a passphrase that have content from a SQLite database, in the order of their seqs. */
export async function readMessageRows(path: string): Promise<MessageRow[]> {
  const db = openDatabase({ dialect: "sqlite", path });
  try {
    return await db
      .selectFrom("messages")
      .innerJoin("users", "users.id", "sender_id")
      .select(["seq", "username as sender", "client_id", "nonce", "encrypted_content"])
      .where("encrypted_content", "is not", null)
      .where("epoch", "is", null)
      .orderBy("seq")
      .$narrowType<{ encrypted_content: NotNull }>()
      .execute();
  } finally {
    await db.destroy();
  }
}
