import { AuthResponse, ChatMessage, ChatSummary } from "lacre";
import type { ChatKey } from "lacre/e2e";
import * as z from "zod/mini";

/*
 * What outlives the program: files at the terminal, IndexedDB in a browser. A promise is kept once what it is about is on the
 * disk. No store holds a passphrase or a text.
 */

const { access_token, refresh_token, user_id, username, session_key } = AuthResponse.schema.shape;

/** Who is logged in, with what the server gave for the password. In JSON, bytes are base64 text. */
export const Login = z.object({
  /** An origin, such as `https://chat.example`. */
  server: z.string(),
  user_id: z.nonoptional(user_id),
  username: z.nonoptional(username),
  access_token: z.nonoptional(access_token),
  refresh_token,
  session_key: z.nonoptional(session_key),
  /** The refresh token was sent to the server, and no answer has come. */
  is_renewing: z.optional(z.boolean()),
});
export type Login = z.output<typeof Login>;

/** Of one profile, or of one browser. */
export interface LoginStore {
  read(): Promise<Login | undefined>;
  write(login: Login): Promise<void>;
  remove(): Promise<void>;
  /** A random id of this profile or browser for a server, which stays after a logout: the server knows the device again by it. */
  deviceId(server: string): Promise<string>;
  /** Removes those ids, as when the user erases everything. */
  forgetDevice(): Promise<void>;
  /** Does some work while no other program, or tab, does any under this login. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result>;
}

const { chat_id, peer_id, peer_name, salt, iterations, key_check } = ChatSummary.shape;

/** What a client holds a chat to, once it has opened it. */
export const Pin = z.object({
  chat_id,
  peer_id,
  peer_name,
  salt: z.nonoptional(salt),
  iterations: z.nonoptional(iterations),
  key_check: z.nonoptional(key_check),
  /**
   * How this account came to the chat, until a message of the peer's decrypts: by then both have the key, and what it is made
   * with must never change again.
   */
  unanswered: z.optional(z.enum(["creator", "member"])),
});
export type Pin = z.output<typeof Pin>;

export interface PinStore {
  list(): Promise<Pin[]>;
  /** One for each `chat_id`. */
  add(pin: Pin): Promise<void>;
}

/** A message that the server has not acknowledged, and the check of the key that encrypted it. */
export const QueuedMessage = z.extend(ChatMessage.schema, {
  client_id: z.nonoptional(ChatMessage.schema.shape.client_id),
  key_check: z.nonoptional(key_check),
});
export type QueuedMessage = z.output<typeof QueuedMessage>;

export interface OutboxStore {
  /** In the order in which they were added. */
  list(): Promise<QueuedMessage[]>;
  add(message: QueuedMessage): Promise<void>;
  remove(clientId: string): Promise<void>;
}

/** How far each chat was handed over; and what was, as ciphertext, where the user chose to keep that. */
export interface DeliveryStore {
  /** The seq up to which a chat was handed over; undefined for a chat of which nothing was. */
  cursor(chatId: number): Promise<number | undefined>;
  /**
   * Stores a cursor together with the messages that were delivered before it: both or nothing. Changes nothing if the stored
   * cursor is not at `from`, because another program or tab has moved it and stored its messages.
   */
  advance(
    chatId: number,
    cursor: { readonly from: number; readonly to: number },
    messages: readonly ChatMessage[],
  ): Promise<void>;
  /** Keeps a page of what was handed over, without the cursor. */
  keep(chatId: number, messages: readonly ChatMessage[]): Promise<void>;
  /** The chat ends at `cursor` now: what is kept past it is gone. */
  rewind(chatId: number, cursor: number): Promise<void>;
  /** What is kept of a chat, in order: the last `limit` before a seq. */
  list(
    chatId: number,
    page: { readonly before: number; readonly limit: number },
  ): Promise<ChatMessage[]>;
  /** Drops what is kept of a chat and was stored at the server up to this Unix time in seconds. */
  expire(chatId: number, until: number): Promise<void>;
}

/** Chat keys, where the user chose to keep them: a passphrase is then asked for once. */
export interface KeyStore {
  /** Whether keys must be made `extractable` to be kept here. */
  readonly needsExport: boolean;
  get(chatId: number): Promise<ChatKey | undefined>;
  put(chatId: number, key: ChatKey): Promise<void>;
  /** Forgets them all, as when the user logs out. */
  clear(): Promise<void>;
}

/** What is kept for one account. */
export interface Stores {
  readonly pins: PinStore;
  readonly outbox: OutboxStore;
  readonly deliveries: DeliveryStore;
  readonly keys: KeyStore;
  /** Forgets everything. */
  clear(): Promise<void>;
}

/** Opens what is kept for an account, and for no other: one is a user of a server. */
export type OpenStores = (login: Login) => Stores | Promise<Stores>;
