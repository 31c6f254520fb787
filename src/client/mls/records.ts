// The keys and values of the storage.
import type { Bytes } from "../../bytes.js";
import {
  type Content,
  decodeContent,
  encodeContent,
  isUnknown,
  type Kinds,
  type NewContent,
} from "../../e2e/content.js";
import { DecodeError } from "../../errors.js";
import type { ChatMessage } from "../../messages/chat.js";
import type { AnyContentDefinition } from "../../messages/define-content.js";
import { decode } from "../../wire/decode.js";
import { written } from "../../wire/encode.js";
import type { MlsStorage, StoredChange } from "./storage.js";
import type { MlsMessage } from "./types.js";

const SEQ_DIGITS = 16;

/** Names of the values. */
export const keys = {
  /** A user's device log, and whether the user is verified. */
  log: (userId: number) => `log/${userId}`,
  /** The secret part of a key package. */
  keyPackage: (index: number) => `key-package/${String(index).padStart(SEQ_DIGITS, "0")}`,
  /** What the client knows of a chat beside its state. */
  chat: (chatId: number) => `chat/${chatId}`,
  /** The state of an MlsChat. */
  state: (chatId: number) => `state/${chatId}`,
  /** A message of this device that has no seq yet, by its client id. */
  own: (clientId: string) => `own/${clientId}`,
  /** A message of a chat. */
  message: (chatId: number, seq: number) =>
    `message/${chatId}/${String(seq).padStart(SEQ_DIGITS, "0")}`,
  /** The id of the history key to which this device writes. */
  history: "history",
  /** The chunks of a chat that this device wrote to the history. */
  historyOf: (chatId: number | "") => `history/${chatId}`,
};

/** Encodes a plain object as MessagePack. */
export function encodeRecord(value: object): Bytes {
  return written((writer) => writer.payload(value as Record<string, unknown>, "bin"));
}

/** Decodes what `encodeRecord` returned. The storage authenticates its values. */
export function decodeRecord<Value>(bytes: Uint8Array): Value {
  return decode(bytes, 0) as Value;
}

/** A stored message: the fields that were verified when it was read, and what it is. */
interface MessageRecord {
  readonly sender_id: number;
  readonly timestamp: number;
  readonly client_id: string;
  /** Time at which the server stored it, by the server's clock; 0 if unknown. */
  readonly stored_at: number;
  readonly event: StoredEvent;
  /** Whether it is from the history, and this device has not read it itself. */
  readonly isRestored?: boolean;
}

/** An event without what MessagePack cannot encode: a content as its body, an epoch as a number. */
type StoredEvent = Record<string, unknown> & { readonly kind: string };

/** A message of this device that the server has not acknowledged. */
interface OwnRecord {
  readonly chat_id: number;
  readonly timestamp: number;
  readonly event: StoredEvent;
}

/** Encodes and decodes stored messages, whose contents may be of the application's own kinds. */
export class MessageRecords<Definition extends AnyContentDefinition> {
  readonly #kinds: Kinds<Definition>;

  constructor(kinds: Kinds<Definition>) {
    this.#kinds = kinds;
  }

  /** Returns the change that stores a message which has a seq. */
  store(message: ChatMessage, event: MlsMessage<Definition>, isRestored?: true): StoredChange {
    const { chat_id, seq, sender_id, timestamp, client_id = "", stored_at = 0 } = message;
    const stored = this.#toStored(event, timestamp);
    const record = { sender_id, timestamp, client_id, stored_at, event: stored, isRestored };
    return [keys.message(chat_id, seq!), encodeRecord(record)];
  }

  /** Returns what a stored message is. Returns undefined if it has other fields than the given one: it is another message. */
  read(bytes: Uint8Array, message: ChatMessage): MlsMessage<Definition> | undefined {
    const record = decodeRecord<MessageRecord>(bytes);
    const isSame =
      record.sender_id === message.sender_id &&
      record.timestamp === message.timestamp &&
      record.client_id === (message.client_id ?? "");
    return isSame ? this.#fromStored(record.event, record.timestamp) : undefined;
  }

  /** Returns the verified fields of a stored message, and what it is. */
  readStored(
    bytes: Uint8Array,
  ): Omit<MessageRecord, "event" | "isRestored"> & { event: MlsMessage<Definition> } {
    const { isRestored, ...record } = decodeRecord<MessageRecord>(bytes);
    return { ...record, event: this.#fromStored(record.event, record.timestamp) };
  }

  /** Returns the change that stores a message of this device before the server has acknowledged it. */
  storeOwn(
    message: Pick<ChatMessage, "chat_id" | "timestamp"> & { readonly client_id: string },
    event: MlsMessage<Definition>,
  ): StoredChange {
    const { chat_id, timestamp, client_id } = message;
    const record: OwnRecord = { chat_id, timestamp, event: this.#toStored(event, timestamp) };
    return [keys.own(client_id), encodeRecord(record)];
  }

  readOwn(bytes: Uint8Array): {
    chat_id: number;
    timestamp: number;
    event: MlsMessage<Definition>;
  } {
    const { chat_id, timestamp, event } = decodeRecord<OwnRecord>(bytes);
    return { chat_id, timestamp, event: this.#fromStored(event, timestamp) };
  }

  #toStored(event: MlsMessage<Definition>, timestamp: number): StoredEvent {
    if (event.kind === "roster") return { ...event, epoch: Number(event.epoch) };
    if (event.kind !== "content") return { ...event };
    const { content, ...rest } = event;
    if (isUnknown(content)) return { ...rest, fallback: content.fallback };
    const body = encodeContent(content as NewContent<Definition>, this.#kinds, timestamp);
    return { ...rest, body };
  }

  #fromStored(event: StoredEvent, timestamp: number): MlsMessage<Definition> {
    if (event.kind === "roster") return { ...event, epoch: BigInt(event.epoch as number) } as never;
    if (event.kind !== "content") return event as never;
    const { body, fallback, ...rest } = event;
    const content: Content<Definition> | undefined =
      body === undefined
        ? { kind: "unknown", fallback: fallback as string }
        : decodeContent(body as Uint8Array, this.#kinds, timestamp);
    if (content === undefined) throw new DecodeError("the stored content is malformed");
    return { ...rest, content } as never;
  }
}

/**
 * A chunk of the history that this device wrote: its first seq, and the number of stored messages from there up to the next chunk. If
 * this number is another one, the chunk is to be written again.
 */
export type WrittenChunk = readonly [first_seq: number, count: number];

/** Returns the chunks of a chat that a device wrote. Those of a device that this one replaced are not its own. */
export async function writtenChunks(
  storage: MlsStorage,
  chatId: number,
  device: string | undefined,
): Promise<WrittenChunk[]> {
  const stored = await storage.get(keys.historyOf(chatId));
  const record = stored && decodeRecord<{ device: string; chunks: WrittenChunk[] }>(stored);
  return record?.device === device ? (record?.chunks ?? []) : [];
}

/** Returns the change that stores which chunks a device wrote. */
export function storeChunks(
  chatId: number,
  device: string | undefined,
  chunks: readonly WrittenChunk[],
): StoredChange {
  const isAny = device !== undefined && chunks.length > 0;
  return [keys.historyOf(chatId), isAny ? encodeRecord({ device, chunks }) : undefined];
}

/** Returns the chunks with a number of messages after which they are written again. */
export function toRewrite(chunks: readonly WrittenChunk[]): WrittenChunk[] {
  return chunks.map(([first_seq]) => [first_seq, -1]);
}

/** Returns whether a stored message is from the history, and this device has not read it itself. */
export function isRestored(bytes: Uint8Array): boolean {
  return decodeRecord<MessageRecord>(bytes).isRestored === true;
}

/** Returns when the server stored a message, from its record. 0 if that is unknown. */
export function storedAtOf(bytes: Uint8Array): number {
  return decodeRecord<MessageRecord>(bytes).stored_at;
}
