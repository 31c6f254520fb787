import { functionArgument, numberArgument, objectArgument } from "../arguments.js";
import { copyOfBytes, encodeHex } from "../bytes.js";
import { unixNow } from "../clock.js";
import { messageDigest } from "../connection/message-digest.js";
import type { ChatMessage } from "../messages/chat.js";
import type { MessageQuery, MessageStore, Receipt, StoredMessage } from "./message-store.js";
import { notAMember, RejectionError } from "./rejection.js";

/** Maximum bytes of all messages. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Approximate memory of a message in bytes, without its content. */
const MESSAGE_BYTES = 1024;

interface Entry {
  readonly message: ChatMessage;
  readonly stored: StoredMessage;
  readonly digest: string;
}

interface Chat {
  readonly entries: Entry[];
  /** The entries with a client id, by sender and client id. */
  readonly sent: Map<string, Entry>;
  readonly receipts: Map<string, Receipt>;
}

/** Options of `memoryStore`. */
export interface MemoryStoreOptions {
  /** Returns the user ids of a chat's members; undefined if there is no such chat. */
  readonly members: (chat_id: number) => readonly number[] | undefined;
  /** Maximum bytes of all messages, each of which counts as 1 KiB more. After that, `ERR_QUOTA_EXCEEDED`. Default: 64 MiB. */
  readonly maxBytes?: number;
  /** Unix time in seconds, by default of the platform's clock. */
  readonly now?: () => number;
}

/**
 * Returns a store in memory, for tests and examples: when the process ends, all messages are lost. It keeps every message of
 * every chat until `maxBytes` are stored.
 *
 * ```ts
 * const store = memoryStore({ members: (chat_id) => (chat_id === 42 ? [7, 8] : undefined) });
 * ```
 *
 * @throws {ValidationError} if an option is invalid.
 */
export function memoryStore(options: MemoryStoreOptions): MessageStore {
  const { members, maxBytes = MAX_BYTES, now = unixNow } = objectArgument(options, "options");
  functionArgument(members, "options.members");
  functionArgument(now, "options.now");
  numberArgument(maxBytes, "options.maxBytes", 0);
  const chats = new Map<number, Chat>();
  let bytes = 0;
  let lastId = 0;

  function chatOf(user_id: number, chat_id: number): Chat | undefined {
    if (!members(chat_id)?.includes(user_id)) return undefined;
    let chat = chats.get(chat_id);
    if (chat === undefined) {
      chat = { entries: [], sent: new Map(), receipts: new Map() };
      chats.set(chat_id, chat);
    }
    return chat;
  }

  return {
    add(message) {
      const { chat_id, sender_id, client_id, content } = objectArgument(message, "message");
      const digest = encodeHex(messageDigest(message));
      const chat = chatOf(sender_id, chat_id);
      if (chat === undefined) throw notAMember();
      const key = `${sender_id} ${client_id}`;
      const known = client_id === undefined ? undefined : chat.sent.get(key);
      if (known !== undefined) {
        if (known.digest !== digest) throw clientIdReused();
        return { ...known.stored, isNew: false };
      }
      if (bytes + content.length + MESSAGE_BYTES > maxBytes) throw storageFull();
      bytes += content.length + MESSAGE_BYTES;
      lastId += 1;
      const seq = chat.entries.length + 1;
      const stored = { message_id: lastId, seq, stored_at: now(), isNew: true };
      const entry = { message: copyOf({ ...message, ...idsOf(stored) }), stored, digest };
      chat.entries.push(entry);
      if (client_id !== undefined) chat.sent.set(key, entry);
      return stored;
    },

    list(user_id, query) {
      const { chat_id, after, limit, maxBytes }: MessageQuery = objectArgument(query, "query");
      const chat = chatOf(user_id, chat_id);
      if (chat === undefined) return undefined;
      const messages: ChatMessage[] = [];
      let size = 0;
      // The seq of an entry is its index plus 1.
      for (const { message } of chat.entries.slice(after, after + limit)) {
        size += message.content.length;
        if (messages.length > 0 && size > maxBytes) break;
        messages.push(copyOf(message));
      }
      return { last_seq: chat.entries.length, messages };
    },

    findChat(user_id, chat_id) {
      const chat = chatOf(user_id, chat_id);
      return chat && { last_seq: chat.entries.length, receipts: [...chat.receipts.values()] };
    },

    addReceipt(receipt) {
      const { event_type, user_id, chat_id, seq } = objectArgument(receipt, "receipt");
      const chat = chatOf(user_id, chat_id);
      if (chat === undefined) throw notAMember();
      const key = `${event_type} ${user_id}`;
      if (seq <= (chat.receipts.get(key)?.seq ?? 0)) return false;
      chat.receipts.set(key, { event_type, user_id, chat_id, seq });
      return true;
    },
  };
}

function idsOf({ message_id, seq, stored_at }: StoredMessage) {
  return { message_id, seq, stored_at };
}

/** Copies a message, because its bytes are the caller's. */
function copyOf(message: ChatMessage): ChatMessage {
  const [content, nonce] = [copyOfBytes(message.content), copyOfBytes(message.nonce)];
  return { ...message, ...(content && { content }), ...(nonce && { nonce }) };
}

function clientIdReused(): RejectionError {
  return new RejectionError(
    "ERR_CLIENT_ID_REUSED",
    "this client_id belongs to another message: use a new one for each message",
  );
}

function storageFull(): RejectionError {
  return new RejectionError("ERR_QUOTA_EXCEEDED", "the server stores no more messages");
}
