import type { SessionNotice } from "lacre/session";
import type { ReadMessage } from "./read-message.js";

/** What happens in an account's chats, in order. What it changed in `Messenger.chats` is changed by then. */
export type MessengerEvent =
  /** Came in: from the peer, or from another device or an earlier run of ours. Once, in the order of its chat. */
  | { readonly type: "message"; readonly message: ReadMessage }
  /** One of ours that the server has stored; maybe written by an earlier run. */
  | { readonly type: "sent"; readonly message: ReadMessage }
  /** One of ours that the server will not take, ever. */
  | {
      readonly type: "failed";
      readonly message: ReadMessage;
      readonly error_code: string;
      readonly error_message: string;
    }
  /** The peer has got, or has read, our messages up to `seq`. Each time that it says something new. */
  | {
      readonly type: "delivered" | "read";
      readonly chat_id: number;
      readonly user_id: number;
      readonly seq: number;
    }
  /** The peer was typing a moment ago. */
  | { readonly type: "typing"; readonly chat_id: number; readonly user_id: number }
  /** Whether a peer is there. */
  | { readonly type: "presence"; readonly user_id: number; readonly isOnline: boolean }
  /** How many messages of a chat are unread. */
  | { readonly type: "unread"; readonly chat_id: number; readonly unread: number }
  /** Chats are there that were not, or have other settings. */
  | { readonly type: "chats" }
  /** Whether there is a connection; each time that this changes. What is written meanwhile is kept, and sent later. */
  | { readonly type: "connection"; readonly isOnline: boolean }
  /** Nothing goes on: LoginEnded, SessionEnded, or a store that failed. */
  | { readonly type: "ended"; readonly error: unknown }
  | Extract<SessionNotice, { type: "gap" | "caught_up" | "rewound" | "error" | "refused" }>;

/** A chat as it is known now. */
export interface ChatState {
  readonly chat_id: number;
  readonly peer_id: number;
  readonly peer_name: string;
  /** 0 where messages are kept for ever. */
  readonly auto_delete_hours: number;
  /** Whether its messages can be read and written here. */
  readonly isOpen: boolean;
  readonly unread: number;
  /** Seqs up to which the peer has our messages. */
  readonly deliveredUpTo: number;
  readonly readUpTo: number;
  /** Undefined while that is not known. */
  readonly isPeerOnline: boolean | undefined;
}

/** How far a message of ours has come. */
export type Tick = "queued" | "sent" | "delivered" | "read";

export function tickOf(
  { seq }: Pick<ReadMessage, "seq">,
  { deliveredUpTo, readUpTo }: Pick<ChatState, "deliveredUpTo" | "readUpTo">,
): Tick {
  if (seq === undefined) return "queued";
  if (seq <= readUpTo) return "read";
  return seq <= deliveredUpTo ? "delivered" : "sent";
}
