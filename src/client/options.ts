import { invalidArgument, listArgument, objectArgument } from "../arguments.js";
import { sessionKeyBytes } from "../connection/channel.js";
import type { ChatCipher } from "../e2e/chat-cipher.js";
import { type Connect, connectWith, type WebSocketConstructor } from "./socket.js";
import type { ClientStorage } from "./storage.js";

/** Options of `createClient`. */
export type ClientOptions<Sent, Received> = {
  /** The session key of the AuthResponse, 32 bytes. The client does not store it. */
  readonly session_key: Uint8Array;
  /** Id of the user of this client. */
  readonly user_id: number;
  /** Id of this device, which the server shows in its list of sessions. */
  readonly device_id?: string;
  /** Where the client stores its outbox, cursors and messages. */
  readonly storage: ClientStorage;
  /**
   * Returns the cipher of a chat, or undefined if its key is unknown. The client then reports the chat's messages as
   * `unreadable`, and cannot send any. Called for each message. If it throws, or its cipher throws another error than a LacreError
   * when it decrypts, the client stops, and reports the message again in the next run.
   */
  readonly chats: (
    chatId: number,
  ) => ChatCipher<Sent, Received> | undefined | Promise<ChatCipher<Sent, Received> | undefined>;
  /** Capabilities of this client, such as `chat_changed`. By default `delivered`: receipts of delivery. */
  readonly capabilities?: readonly string[];
} & (
  | {
      /**
       * Returns the address of the next connection. Called for each one, so that a ticket in it may be valid once. If it throws,
       * the client reports it in the event `offline`, and tries again later.
       */
      readonly url: () => URL | string | Promise<URL | string>;
      /** Constructor of WebSockets. By default that of the platform. Node 20 has none: pass that of the package `ws`. */
      readonly WebSocket?: WebSocketConstructor;
      readonly connect?: undefined;
    }
  | {
      /** Opens a socket of another kind, instead of a WebSocket at `url`. */
      readonly connect: Connect;
      readonly url?: undefined;
      readonly WebSocket?: undefined;
    }
);

/** A client's own copy of its options. */
export interface OwnOptions<Sent, Received> {
  readonly session: {
    readonly session_key: Uint8Array;
    readonly user_id: number;
    readonly device_id?: string;
    readonly capabilities: readonly string[];
  };
  readonly storage: ClientStorage;
  readonly chats: ClientOptions<Sent, Received>["chats"];
  readonly connect: Connect;
}

const STORAGE_METHODS = [
  "load",
  "addOutgoing",
  "removeOutgoing",
  "moveCursor",
  "messages",
] as const;

/**
 * Copies the options of a client.
 *
 * @throws {ValidationError} if an option is invalid.
 * @throws {KeyError} if the session key is not 32 bytes.
 */
export function copyOptions<Sent, Received>(
  options: ClientOptions<Sent, Received>,
): OwnOptions<Sent, Received> {
  const { user_id, device_id, storage, chats } = objectArgument(options, "options");
  const { capabilities = ["delivered"], connect } = options;
  idArgument(user_id, "options.user_id");
  objectArgument(storage, "options.storage");
  for (const method of STORAGE_METHODS) {
    if (typeof storage[method] !== "function")
      throw invalidArgument(`options.storage.${method}`, "must be a function");
  }
  if (typeof chats !== "function")
    throw invalidArgument("options.chats", "must be a function that returns the cipher of a chat");
  if (connect !== undefined && typeof connect !== "function")
    throw invalidArgument("options.connect", "must be a function that opens a socket");
  return {
    session: {
      session_key: sessionKeyBytes(options.session_key),
      user_id,
      capabilities: listArgument(capabilities, "options.capabilities"),
      ...(device_id !== undefined && { device_id }),
    },
    storage,
    chats,
    connect: connect ?? connectWith(options.url, options.WebSocket),
  };
}

/** Returns an id of a chat or a user. @throws {ValidationError} if it is not a positive integer. */
export function idArgument(value: number, name: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw invalidArgument(name, "must be a positive integer");
}
