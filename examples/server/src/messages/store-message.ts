import type { ChatMessage } from "lacre";
import { bodyDigest } from "lacre/session";
import type { Chat, StoredMessage } from "../database/schema.js";
import type { Store } from "../database/store.js";
import { notAMember, Refusal } from "../errors.js";

/** A message that is on the disk, and its chat. */
export interface StoredInChat {
  readonly chat: Chat;
  readonly stored: Pick<StoredMessage, "id" | "seq" | "stored_at">;
  readonly isNew: boolean;
}

/**
 * Stores a member's message under its chat's next seq, or finds it stored: a client repeats what it heard no ack for. When
 * this returns, the message is on the disk.
 */
export async function storeMessage(store: Store, message: ChatMessage): Promise<StoredInChat> {
  const { chat_id, sender_id, client_id, content, nonce, timestamp } = message;
  const digest = bodyDigest(message);
  const stored_at = Date.now() / 1000;
  const added = await store.attempt(async (inside) => {
    const chat = await inside.takeSeq({ chat_id, sender_id });
    if (chat === undefined) throw notAMember();
    const { last_seq: seq, auto_delete_hours } = chat;
    const id = await inside.addMessage({
      chat_id,
      sender_id,
      seq,
      client_id: client_id ?? null,
      encrypted_content: content,
      nonce,
      timestamp,
      stored_at,
      delete_at: auto_delete_hours && stored_at + auto_delete_hours * 3600,
      digest,
    });
    return id === undefined ? undefined : { chat, stored: { id, seq, stored_at }, isNew: true };
  });
  if (added !== undefined) return added;
  const sent = { chat_id, sender_id, client_id: client_id! };
  // In a transaction: the first one may be about to be committed, and is not acknowledged before.
  return store.transaction((inside) => findRepeated(inside, sent, digest));
}

async function findRepeated(
  store: Store,
  sent: { readonly chat_id: number; readonly sender_id: number; readonly client_id: string },
  digest: Uint8Array,
): Promise<StoredInChat> {
  const stored = (await store.findSent(sent))!;
  if (Buffer.compare(stored.digest, digest) !== 0) {
    throw new Refusal(
      409,
      "ERR_CLIENT_ID_REUSED",
      "another message was sent under this client_id: give each message its own",
    );
  }
  return { chat: (await store.findChat(sent.chat_id, sent.sender_id))!, stored, isNew: false };
}
