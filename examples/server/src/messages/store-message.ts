import type { ChatMessage } from "lacre";
import { messageDigest } from "lacre/server";
import { isRequestTo } from "../database/contacts.js";
import { type Chat, isMls } from "../database/members.js";
import type { StoredMessage } from "../database/schema.js";
import type { Store } from "../database/store.js";
import { HttpError, notAMember, quotaExceeded } from "../errors.js";
import { mlsRejection } from "./mls-message.js";
import { sendRejection } from "./senders.js";

/** A stored message and its chat. */
export interface StoredInChat {
  readonly chat: Chat;
  readonly stored: Pick<StoredMessage, "id" | "seq" | "stored_at">;
  readonly isNew: boolean;
  /** Whether the message accepts the chat, which was a request to its sender. */
  readonly isAccepting: boolean;
}

/**
 * Stores a member's message with the chat's next seq, or finds it if the client repeats a message for which it received no
 * ack. The message is on disk when the promise resolves.
 *
 * @throws {HttpError} if the sender may not send, or their stored messages would exceed `maxStoredBytes` in total.
 */
export async function storeMessage(
  store: Store,
  message: ChatMessage,
  { maxStoredBytes = Number.POSITIVE_INFINITY } = {},
): Promise<StoredInChat> {
  const { chat_id, sender_id, client_id, content, nonce, timestamp } = message;
  const { epoch = null, device = null, content_type = null } = message;
  const digest = messageDigest(message);
  const stored_at = Date.now() / 1000;
  const added = await store.attempt(async (inside) => {
    const taken = await inside.messages.takeSeq({ chat_id, sender_id });
    if (taken === undefined) throw notAMember();
    const { stored_bytes, ...chat } = taken;
    const isTooMuch = (stored_bytes ?? 0) + content.length > maxStoredBytes;
    const rejection =
      (await fieldsRejection(inside, chat, message)) ??
      sendRejection(chat, sender_id) ??
      (isTooMuch ? storageFull() : undefined);
    if (rejection !== undefined) {
      const isRepeated =
        client_id !== undefined &&
        (await inside.messages.findSent({ chat_id, sender_id, client_id }));
      // A repeated message that is already stored is acknowledged again.
      if (isRepeated) return undefined;
      throw rejection;
    }
    const isAccepting = isRequestTo(chat, sender_id);
    const seq = chat.last_seq;
    const id = await inside.messages.add({
      chat_id,
      sender_id,
      seq,
      client_id: client_id ?? null,
      encrypted_content: content,
      nonce,
      timestamp,
      stored_at,
      digest,
      epoch,
      device,
      content_type,
    });
    if (id === undefined) return undefined;
    const result = { stored: { id, seq, stored_at }, isNew: true, isAccepting };
    if (!isAccepting) return { chat, ...result };
    const change = { user_id: sender_id, action: "accept", now: stored_at } as const;
    await inside.chats.setContact(chat_id, change);
    return { chat: (await inside.chats.find(chat_id, sender_id))!, ...result };
  });
  if (added !== undefined) return added;
  const sent = { chat_id, sender_id, client_id: client_id! };
  // Use a transaction to wait for the first message's commit, so that it is not acknowledged before.
  return store.transaction((inside) => findRepeated(inside, sent, digest));
}

/** Finds the first message of a client id. @throws {HttpError} if it is another one. */
export async function findRepeated(
  store: Store,
  sent: { readonly chat_id: number; readonly sender_id: number; readonly client_id: string },
  digest: Uint8Array,
): Promise<StoredInChat> {
  const stored = (await store.messages.findSent(sent))!;
  if (Buffer.compare(stored.digest, digest) !== 0) {
    throw new HttpError(
      409,
      "ERR_CLIENT_ID_REUSED",
      "this client_id belongs to another message: use a new one for each message",
    );
  }
  return {
    chat: (await store.chats.find(sent.chat_id, sent.sender_id))!,
    stored,
    isNew: false,
    isAccepting: false,
  };
}

/** Returns why the kind of the chat does not permit the fields of a message, or undefined if it does. */
async function fieldsRejection(
  inside: Store,
  chat: Chat,
  message: ChatMessage,
): Promise<HttpError | undefined> {
  if (isMls(chat)) return mlsRejection(inside, chat, message);
  const { epoch, counter, device, content_type } = message;
  if ([epoch, counter, device, content_type].every((field) => field === undefined))
    return undefined;
  return new HttpError(
    422,
    "ERR_UNSUPPORTED",
    "epoch, counter, device and content_type are for MLS chats: send the message without them",
  );
}

function storageFull(): HttpError {
  return quotaExceeded(
    "your stored messages reached the limit of bytes: enable automatic deletion of messages",
  );
}
