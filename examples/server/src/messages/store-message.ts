import type { ChatMessage } from "lacre";
import { bodyDigest } from "lacre/session";
import type { StoredMessage } from "../database/schema.js";
import type { Store } from "../database/store.js";
import { Refusal } from "../errors.js";

/**
 * Stores a message under its chat's next seq, or finds it stored: a client repeats what it heard no ack for. When this
 * returns, the message is on the disk.
 */
export function storeMessage(
  store: Store,
  message: ChatMessage,
): Promise<{ readonly stored: StoredMessage; readonly isNew: boolean }> {
  const digest = bodyDigest(message);
  return store.transaction(async (inside) => {
    const { chat_id, sender_id, client_id, content, nonce, timestamp } = message;
    const earlier =
      client_id === undefined
        ? undefined
        : await inside.findSent({ chat_id, sender_id, client_id });
    if (earlier !== undefined) {
      if (Buffer.compare(earlier.digest, digest) !== 0) {
        throw new Refusal(
          409,
          "ERR_CLIENT_ID_REUSED",
          "another message was sent under this client_id: give each message its own",
        );
      }
      return { stored: earlier, isNew: false };
    }
    const stored = await inside.addMessage({
      chat_id,
      sender_id,
      seq: await inside.takeSeq(chat_id),
      client_id: client_id ?? null,
      encrypted_content: content,
      nonce,
      timestamp,
      stored_at: Date.now() / 1000,
      digest,
    });
    return { stored, isNew: true };
  });
}
