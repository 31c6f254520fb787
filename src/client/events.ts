import type { ChatMessage, StatusEvent } from "../messages/chat.js";
import type { SessionNotice } from "../session/events.js";

/** Why the content of a message is not known: the chat has no cipher, or its cipher did not decrypt the message. */
export type Unreadable =
  | { readonly reason: "no_cipher" }
  | { readonly reason: "not_decrypted"; readonly error: unknown };

/** A message of a chat, decrypted. If that failed, `unreadable` says why, and there is no `content`. */
export type ReadMessage<Received> = {
  readonly chat_id: number;
  readonly sender_id: number;
  /** Whether this user wrote it, on this or another device. */
  readonly isOwn: boolean;
  readonly client_id: string | undefined;
  /** Position in the chat. Undefined until the server has stored the message. */
  readonly seq: number | undefined;
  /** Time at which the sender wrote it, by the sender's clock. Unix time in seconds. */
  readonly timestamp: number;
  /** Time at which the server stored it, by the server's clock. Unix time in seconds. */
  readonly stored_at: number | undefined;
  /** The message as the server and the storage have it. */
  readonly encrypted: ChatMessage;
} & (
  | { readonly content: Received; readonly unreadable?: undefined }
  | { readonly content?: undefined; readonly unreadable: Unreadable }
);

/** An event of a client. Later versions add events and fields: ignore unknown ones. */
export type ClientEvent<Received> =
  /** A received message: of another member, or of this user's other devices. Each once, in the order of its chat. */
  | { readonly type: "message"; readonly message: ReadMessage<Received> }
  /** The server stored a message of this client, which now has a `seq`. It may be of an earlier run. */
  | { readonly type: "sent"; readonly message: ReadMessage<Received> }
  /** The server rejected a message of this client, or it was withdrawn (`ERR_WITHDRAWN`). It is not sent again. */
  | {
      readonly type: "failed";
      readonly message: ReadMessage<Received>;
      readonly error_code: string;
      readonly error_message: string;
    }
  /** Another user reads, receives, types, or is online or offline; or a chat's entry in the list of chats changed. */
  | { readonly type: "status"; readonly status: StatusEvent }
  /** Another tab or process uses the storage. This client starts when the other one ends. */
  | { readonly type: "waiting" }
  /**
   * The connection is closed, or an attempt to connect failed. `error` is what `url` or `connect` threw. `retry`: whether the
   * client connects again.
   */
  | {
      readonly type: "offline";
      readonly code: number;
      readonly retry: boolean;
      readonly error: unknown;
    }
  /**
   * The storage failed, or works again if `error` is undefined. The client continues, and repeats the writes. Messages whose
   * cursor is not stored when the program ends are reported again.
   */
  | { readonly type: "storage"; readonly error: unknown }
  /**
   * The last event. `error` is undefined after `stop`. Otherwise the client ended by itself: the server closed the connection
   * for good, a listener threw `error`, the storage could not be loaded, or another tab took it over.
   */
  | { readonly type: "stopped"; readonly error: unknown }
  | Extract<
      SessionNotice,
      {
        type: "online" | "devices" | "gap" | "caught_up" | "rewound" | "lost" | "error" | "refused";
      }
    >;

/**
 * State of a client. `starting`: reads the storage. `waiting`: another tab or process uses it. `connecting`: not connected yet.
 * `offline`: not connected, and connects again. `stopped`: ends or has ended.
 */
export type ClientStatus = "starting" | "waiting" | "connecting" | "online" | "offline" | "stopped";

/** Seqs up to which another member of a chat has received and read its messages. */
export interface Watermarks {
  readonly delivered: number;
  readonly read: number;
}
