import { AuthResponse, ChatMessage, ChatSummary } from "lacre";
import type { ClientStorage } from "lacre/client";
import type { ChatKey } from "lacre/e2e";
import * as z from "zod/mini";

/*
 * Data that remains after the program ends: files for the CLI, IndexedDB in a browser. Writes resolve when the data is on
 * disk. No store contains a passphrase or a plaintext.
 */

const { access_token, refresh_token, user_id, username, session_key } = AuthResponse.schema.shape;

/** A login: the server, the user, the tokens and the session key. In JSON, bytes are base64 text. */
export const Login = z.object({
  /** Base URL, as `readServerAddress` returns it. */
  server: z.string(),
  user_id: z.nonoptional(user_id),
  username: z.nonoptional(username),
  access_token: z.nonoptional(access_token),
  refresh_token,
  session_key: z.nonoptional(session_key),
  /** Whether the refresh token was sent to the server and no response has arrived. */
  is_renewing: z.optional(z.boolean()),
});
export type Login = z.output<typeof Login>;

/** Stores the login of one profile or one browser. */
export interface LoginStore {
  read(): Promise<Login | undefined>;
  write(login: Login): Promise<void>;
  remove(): Promise<void>;
  /**
   * Returns a random id of this profile or browser for a server. It remains after a logout, so that the server recognises
   * the device.
   */
  deviceId(server: string): Promise<string>;
  /** Removes the device ids, for example when the user erases all data. */
  forgetDevice(): Promise<void>;
  /** Runs `work` while no other program or tab runs work for this login. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result>;
}

const { chat_id, peer_id, peer_name, salt, iterations, key_check } = ChatSummary.shape;

/** Pinned fields of a chat (trust on first use). The client does not use a chat after the server changed one of them. */
export const Pin = z.object({
  chat_id,
  peer_id,
  peer_name,
  salt: z.nonoptional(salt),
  iterations: z.nonoptional(iterations),
  key_check: z.nonoptional(key_check),
  /**
   * This user's role in the chat, until a message of the peer is decrypted. Until then the creator may restart the chat,
   * which changes the key parameters.
   */
  unanswered: z.optional(z.enum(["creator", "member"])),
});
export type Pin = z.output<typeof Pin>;

export interface PinStore {
  list(): Promise<Pin[]>;
  /** Stores a pin and replaces an earlier one with the same `chat_id`. */
  add(pin: Pin): Promise<void>;
}

/** A message that the server has not acknowledged, with the check of the key that encrypted it. */
export const QueuedMessage = z.extend(ChatMessage.schema, {
  client_id: z.nonoptional(ChatMessage.schema.shape.client_id),
  key_check: z.nonoptional(key_check),
});
export type QueuedMessage = z.output<typeof QueuedMessage>;

export interface OutboxStore {
  /** Returns the messages in the order in which they were added. */
  list(): Promise<QueuedMessage[]>;
  add(message: QueuedMessage): Promise<void>;
  remove(clientId: string): Promise<void>;
}

/**
 * Stores the cursor of each chat and, if the user enabled history, the delivered messages as ciphertext. Several programs or tabs
 * may use it at a time.
 */
export interface DeliveryStore extends Pick<ClientStorage, "moveCursor" | "messages" | "expire"> {
  /** Returns the seq up to which a chat's messages were delivered, or undefined if the chat has no cursor. */
  cursor(chatId: number): Promise<number | undefined>;
  /** Stores a page of messages without moving the cursor. */
  keep(chatId: number, messages: readonly ChatMessage[]): Promise<void>;
}

/** Stores chat keys if the user enabled this, so that each passphrase is entered only once. */
export interface KeyStore {
  /** Whether the store needs `extractable` keys. */
  readonly needsExport: boolean;
  get(chatId: number): Promise<ChatKey | undefined>;
  put(chatId: number, key: ChatKey): Promise<void>;
  /** Removes all keys, for example at a logout. */
  clear(): Promise<void>;
}

/** The stores of one account. */
export interface Stores {
  readonly pins: PinStore;
  readonly outbox: OutboxStore;
  readonly deliveries: DeliveryStore;
  readonly keys: KeyStore;
  /** Removes all data of the account. */
  clear(): Promise<void>;
}

/** Opens the stores of an account, which is one user on one server. */
export type OpenStores = (login: Login) => Stores | Promise<Stores>;
