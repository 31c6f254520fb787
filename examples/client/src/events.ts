import type { SessionNotice } from "lacre/session";
import type { AutoDeleteChange } from "./auto-delete.js";
import type { ChatClosedError, StoreError } from "./errors.js";
import type { ReadMessage } from "./read-message.js";

/**
 * Reason why an attempt to connect failed. `origin`: the page's origin is not allowed. `no socket`: the WebSocket did not
 * open. `store`: a store failed. `unreachable`: any other failure.
 */
export type WhyNotConnected = "unreachable" | "origin" | "no socket" | "store";

/** An event in an account's chats, in order. `Messenger.chats` already includes its changes. */
export type MessengerEvent =
  /**
   * A received message: from the peer, or from another device or an earlier run of this user. Each once, in the order of seq
   * per chat.
   */
  | { readonly type: "message"; readonly message: ReadMessage }
  /** The server stored a message of this user, possibly from an earlier run. */
  | { readonly type: "sent"; readonly message: ReadMessage }
  /** A message of this user will never be sent: the server rejected it, or its chat is closed. */
  | {
      readonly type: "failed";
      readonly message: ReadMessage;
      readonly error_code: string;
      readonly error_message: string;
    }
  /** The peer's receipt for messages up to `seq`. Emitted only when `seq` rises. */
  | {
      readonly type: "delivered" | "read";
      readonly chat_id: number;
      readonly user_id: number;
      readonly seq: number;
    }
  /** The peer is typing. */
  | { readonly type: "typing"; readonly chat_id: number; readonly user_id: number }
  /** A peer went online or offline. */
  | { readonly type: "presence"; readonly user_id: number; readonly isOnline: boolean }
  /** The number of unread messages of a chat changed. */
  | { readonly type: "unread"; readonly chat_id: number; readonly unread: number }
  /** A member changed after how many hours the chat's messages are deleted; 0 for never. */
  | {
      readonly type: "auto_delete";
      readonly chat_id: number;
      readonly auto_delete_hours: number;
      readonly change: AutoDeleteChange;
    }
  /**
   * A chat is closed: until it is opened again, nothing in it is sent or decrypted. A `failed` event for each of its queued
   * messages precedes this one.
   */
  | { readonly type: "closed"; readonly chat_id: number; readonly reason: ChatClosedError }
  /** The list of chats was updated: it may contain new chats or changed settings. */
  | { readonly type: "chats" }
  /**
   * The connection opened or closed. Messages that the user sends while offline are stored, and sent after the next
   * connection.
   */
  | { readonly type: "connection"; readonly isOnline: boolean }
  /** An attempt to connect failed. The client tries again. */
  | { readonly type: "not connected"; readonly why: WhyNotConnected }
  /**
   * The stores fail, or work again if `error` is undefined. The client continues and repeats the writes. Messages whose
   * cursor was not stored before the program ends are delivered again.
   */
  | { readonly type: "store"; readonly error: StoreError | undefined }
  /** The client has stopped, with LoginEndedError, SessionEndedError, or an error that `onEvent` threw. */
  | { readonly type: "ended"; readonly error: unknown }
  | Extract<
      SessionNotice,
      { type: "devices" | "gap" | "caught_up" | "rewound" | "lost" | "error" | "refused" }
    >;

/** Current state of a chat. */
export interface ChatState {
  readonly chat_id: number;
  readonly peer_id: number;
  readonly peer_name: string;
  /** 0 if messages are kept forever. */
  readonly auto_delete_hours: number;
  /** The last change of that setting; undefined if there was none. */
  readonly auto_delete_change: AutoDeleteChange | undefined;
  /** Latest `stored_at` of the messages that were expired when the server last listed the chat, Unix time in seconds. */
  readonly expired_until: number;
  /** Set until the member who did not create the chat accepts it: `incoming` for that member, `outgoing` for the creator. */
  readonly request: "incoming" | "outgoing" | undefined;
  /** Whether this user has blocked the peer. */
  readonly isBlocked: boolean;
  /** Whether the chat is open: its messages can be sent and decrypted. */
  readonly isOpen: boolean;
  readonly unread: number;
  /** Seq of the last known message, included in `unread`. */
  readonly countedUpTo: number;
  /** Watermarks of the peer's receipts. */
  readonly deliveredUpTo: number;
  readonly readUpTo: number;
  /** Whether the peer is online; undefined if unknown. */
  readonly isPeerOnline: boolean | undefined;
}

/** Delivery state of a message of this user. */
export type Tick = "queued" | "sent" | "delivered" | "read";

export function tickOf(
  { seq }: Pick<ReadMessage, "seq">,
  { deliveredUpTo, readUpTo }: Pick<ChatState, "deliveredUpTo" | "readUpTo">,
): Tick {
  if (seq === undefined) return "queued";
  if (seq <= readUpTo) return "read";
  return seq <= deliveredUpTo ? "delivered" : "sent";
}
