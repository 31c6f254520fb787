import type { SessionNotice } from "lacre/session";
import type { AutoDeleteChange } from "./auto-delete.js";
import type { WhyNotConnected } from "./client.js";
import type { ChatClosedError, StoreError } from "./errors.js";
import type { ReadMessage } from "./read-message.js";

/** What happens in an account's chats, in order. What it changed in `Messenger.chats` is changed by then. */
export type MessengerEvent =
  /** Came in: from the peer, or from another device or an earlier run of ours. Once, in the order of its chat. */
  | { readonly type: "message"; readonly message: ReadMessage }
  /** One of ours that the server has stored; maybe written by an earlier run. */
  | { readonly type: "sent"; readonly message: ReadMessage }
  /** One of ours that the server will not take, ever; or that is not sent, because its chat is closed. */
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
  /** A member changed when the messages of a chat are deleted; 0 for never. */
  | {
      readonly type: "auto_delete";
      readonly chat_id: number;
      readonly auto_delete_hours: number;
      readonly change: AutoDeleteChange;
    }
  /**
   * A chat's key is not used any more. What waited to be sent under it has `failed` before. Nothing is sent or read in the chat
   * until it is opened again.
   */
  | { readonly type: "closed"; readonly chat_id: number; readonly reason: ChatClosedError }
  /** Chats are there that were not, or have other settings. */
  | { readonly type: "chats" }
  /** Whether there is a connection; each time that this changes. What is written meanwhile is kept, and sent later. */
  | { readonly type: "connection"; readonly isOnline: boolean }
  /** An attempt to connect has failed; more are made. */
  | { readonly type: "not connected"; readonly why: WhyNotConnected }
  /**
   * What this client keeps cannot be read or written, or can be again (without an error). The client continues and repeats the
   * writes: messages whose cursor is not stored when the program ends come again.
   */
  | { readonly type: "store"; readonly error: StoreError | undefined }
  /** The client has stopped: LoginEndedError, SessionEndedError, or an error that `hear` has thrown. */
  | { readonly type: "ended"; readonly error: unknown }
  | Extract<
      SessionNotice,
      { type: "gap" | "caught_up" | "rewound" | "lost" | "error" | "refused" }
    >;

/** A chat as it is known now. */
export interface ChatState {
  readonly chat_id: number;
  readonly peer_id: number;
  readonly peer_name: string;
  /** 0 where messages are kept for ever. */
  readonly auto_delete_hours: number;
  /** The member who last set that, and when. Undefined where none ever did. */
  readonly auto_delete_change: AutoDeleteChange | undefined;
  /** The time up to which messages were expired when the server last listed the chat, by when it stored them. */
  readonly expired_until: number;
  /** Until the member who did not open the chat accepts it: `incoming` for that member. */
  readonly request: "incoming" | "outgoing" | undefined;
  /** Whether this user has blocked the peer. */
  readonly isBlocked: boolean;
  /** Whether its messages can be read and written here. */
  readonly isOpen: boolean;
  readonly unread: number;
  /** The seq of the last message that is known: `unread` counts up to it. */
  readonly countedUpTo: number;
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
