import type { ChatMessage } from "lacre";
import { messageDigest } from "lacre/server";
import type { FactsOfMessage, RowToAppend, SentBefore } from "../database/append-queries.js";
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

/** What became of a message of a batch: it is stored, or the server does not accept it. */
export type Outcome = StoredInChat | HttpError;

export interface StoringOptions {
  /** Maximum total bytes of a sender's stored messages. */
  readonly maxStoredBytes?: number;
}

/**
 * Stores members' messages with the next seqs of their chats, in their order and in one transaction, or finds those that clients
 * repeat because they received no ack. Returns what became of each message. They are on disk when the promise resolves.
 */
export async function storeMessages(
  store: Store,
  messages: readonly ChatMessage[],
  options: StoringOptions = {},
): Promise<Outcome[]> {
  const stored_at = Date.now() / 1000;
  const digests = messages.map(messageDigest);
  return store.transaction(async ({ appends, chats }) => {
    const { chats: found, facts } = await appends.read(messages);
    const batch = new MessageBatch(found, stored_at, options);
    const outcomes = messages.map((message, index) =>
      batch.add(message, digests[index]!, facts[index]!),
    );
    if (batch.rows.length === 0) return outcomes;
    batch.setIds(await appends.add(batch.rows));
    for (const { chat_id, user_id } of batch.accepted)
      await chats.setContact(chat_id, { user_id, action: "accept", now: stored_at });
    return outcomes;
  });
}

/** Decides about the messages of a batch, one after another: each one sees what those before it change. */
class MessageBatch {
  readonly rows: RowToAppend[] = [];
  readonly accepted: { chat_id: number; user_id: number }[] = [];
  readonly #stored: SentBefore[] = [];
  readonly #chats: Map<number, Chat>;
  readonly #storedAt: number;
  readonly #maxStoredBytes: number;
  /** Messages and bytes of this batch, by their client ids and senders. */
  readonly #sent = new Map<string, SentBefore>();
  readonly #bytes = new Map<number, number>();

  constructor(
    chats: Map<number, Chat>,
    storedAt: number,
    { maxStoredBytes = Number.POSITIVE_INFINITY }: StoringOptions,
  ) {
    this.#chats = chats;
    this.#storedAt = storedAt;
    this.#maxStoredBytes = maxStoredBytes;
  }

  add(message: ChatMessage, digest: Uint8Array, facts: FactsOfMessage): Outcome {
    const { chat_id, sender_id, client_id, content, nonce, timestamp } = message;
    const { epoch = null, device = null, content_type = null } = message;
    const chat = this.#chats.get(chat_id);
    const isMember = chat?.members.some(({ user_id }) => user_id === sender_id);
    if (chat === undefined || !isMember) return notAMember();
    const identity = `${chat_id} ${sender_id} ${client_id}`;
    const sent = this.#sent.get(identity) ?? facts.sent;
    // A repeated message that is already stored is acknowledged again, also if it would be rejected now.
    if (client_id !== undefined && sent !== undefined) return repeated(chat, sent, digest);
    const next = { ...chat, last_seq: chat.last_seq + 1 };
    const bytes = (this.#bytes.get(sender_id) ?? 0) + content.length;
    const isTooMuch = facts.storedBytes + bytes > this.#maxStoredBytes;
    const rejection =
      fieldsRejection(next, message, facts) ??
      sendRejection(next, sender_id) ??
      (isTooMuch ? storageFull() : undefined);
    if (rejection !== undefined) return rejection;
    const isAccepting = isRequestTo(chat, sender_id);
    const after = isAccepting ? acceptedBy(sender_id, next) : next;
    if (isAccepting) this.accepted.push({ chat_id, user_id: sender_id });
    const { last_seq: seq } = after;
    const stored = { id: 0, seq, stored_at: this.#storedAt, digest };
    this.#chats.set(chat_id, after);
    this.#bytes.set(sender_id, bytes);
    this.#sent.set(identity, stored);
    this.#stored.push(stored);
    this.rows.push({
      ...{ chat_id, sender_id, seq, client_id: client_id ?? null, encrypted_content: content },
      ...{ nonce, timestamp, stored_at: this.#storedAt, digest, epoch, device, content_type },
    });
    return { chat: after, stored, isNew: true, isAccepting };
  }

  /** Sets the ids of the stored messages, in their order. */
  setIds(ids: readonly number[]): void {
    for (const [index, stored] of this.#stored.entries()) stored.id = ids[index]!;
  }
}

/** Returns the outcome of a message whose client id was used before. `digest`: that of the message. */
export function repeated(chat: Chat, sent: SentBefore, digest: Uint8Array): Outcome {
  if (Buffer.compare(sent.digest, digest) === 0)
    return { chat, stored: sent, isNew: false, isAccepting: false };
  return new HttpError(
    409,
    "ERR_CLIENT_ID_REUSED",
    "this client_id belongs to another message: use a new one for each message",
  );
}

function acceptedBy(sender: number, chat: Chat): Chat {
  const members = chat.members.map((member) =>
    member.user_id === sender ? { ...member, hasAccepted: true } : member,
  );
  return { ...chat, members };
}

/** Returns why the kind of the chat does not permit the fields of a message, or undefined if it does. */
function fieldsRejection(
  chat: Chat,
  message: ChatMessage,
  { isOwnDevice }: FactsOfMessage,
): HttpError | undefined {
  if (isMls(chat)) return mlsRejection(chat, message, isOwnDevice);
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
