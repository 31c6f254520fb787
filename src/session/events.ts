import type { LacreError } from "../errors.js";
import type { ChatMessage, StatusEvent } from "../messages/chat.js";
import type { ErrorResponse } from "../messages/error-response.js";

/** A message that can be sent more than once and be stored once. */
export type OutgoingMessage = ChatMessage & { readonly client_id: string };

/** What happens to a session. */
export type SessionEvent =
  /** The socket that the last `connect` asked for is open. What an earlier socket says is no event, here and below. */
  | { readonly type: "connected" }
  /** Something came over the socket: bytes, or whatever else a peer sends. */
  | { readonly type: "frame"; readonly data: unknown }
  /** The user wrote an encrypted message. */
  | { readonly type: "send"; readonly message: OutgoingMessage }
  /** The entry that a `persist` named is on disk. */
  | { readonly type: "stored"; readonly client_id: string }
  /** A chat without a cursor is to be caught up with, from its beginning. */
  | { readonly type: "follow"; readonly chat_id: number }
  /** The user reads up to `seq`, or types. */
  | {
      readonly type: "mark";
      readonly event_type: "read" | "typing";
      readonly chat_id: number;
      readonly seq?: number;
    }
  /** The socket is closed, or did not open; with the close code of RFC 6455, section 7.4, or 1006. */
  | { readonly type: "closed"; readonly code: number }
  /** Time has passed: at the start, and when a `wake` says so. */
  | { readonly type: "tick" };

/** What a session wants done, in the given order, before the next event. */
export type SessionAction =
  /** Open a socket, and let go of the one before. */
  | { readonly type: "connect" }
  | { readonly type: "transmit"; readonly bytes: Uint8Array }
  | { readonly type: "close"; readonly code: number; readonly reason: string }
  /** Store an entry of the outbox, then say `stored`. */
  | { readonly type: "persist"; readonly message: OutgoingMessage }
  /** Remove an entry of the outbox. */
  | { readonly type: "forget"; readonly client_id: string }
  /** Store that a chat was handed over up to `seq`, together with what was delivered before. */
  | { readonly type: "cursor"; readonly chat_id: number; readonly seq: number }
  | { readonly type: "deliver"; readonly notice: SessionNotice }
  /** A message of the outbox that the server will not take; `forget` comes with it. */
  | {
      readonly type: "failed";
      readonly client_id: string;
      readonly chat_id: number;
      readonly error_code: string;
      readonly error_message: string;
    }
  /** Say `tick` at this Unix time in seconds. The last one counts; it comes first, so that an event in between sets it anew. */
  | { readonly type: "wake"; readonly at: number };

/** What an application hears. */
export type SessionNotice =
  /** A message, once, in the order of its chat. */
  | { readonly type: "message"; readonly message: ChatMessage }
  /** The server has stored a message of the outbox, at this place of its chat. */
  | {
      readonly type: "sent";
      readonly client_id: string;
      readonly chat_id: number;
      readonly message_id: number | undefined;
      readonly seq: number;
    }
  | { readonly type: "status"; readonly status: StatusEvent }
  /** The connection is up: negotiated, and its chats are being caught up with. */
  | { readonly type: "online"; readonly wire: 1 | 2; readonly capabilities: readonly string[] }
  /** The connection is gone; `retry` says whether the session connects again by itself. */
  | { readonly type: "offline"; readonly code: number; readonly retry: boolean }
  /** Messages after `after`, up to `through` if that is known, could not be had, and the chat goes on without them. */
  | {
      readonly type: "gap";
      readonly chat_id: number;
      readonly after: number;
      readonly through?: number;
    }
  /**
   * All that the server has of a chat was handed over, up to `seq`: said each time that a resume is answered to its end,
   * so at least once for each chat on each connection. A chat whose resumes are refused has a `gap` instead.
   */
  | { readonly type: "caught_up"; readonly chat_id: number; readonly seq: number }
  /** The server knows less of a chat than it did before. */
  | {
      readonly type: "rewound";
      readonly chat_id: number;
      readonly cursor: number;
      readonly last_seq: number;
    }
  /** The server reports an error that is about no message of the outbox. */
  | { readonly type: "error"; readonly error: ErrorResponse }
  /** Something came that is not as the protocol has it, and was not acted on. */
  | {
      readonly type: "refused";
      readonly reason: RefusalReason;
      readonly error: LacreError | undefined;
    };

/** Why something that came was not acted on. */
export type RefusalReason =
  /** Bytes that do not open under this connection's key: malformed, forged, reflected, of another connection, late or repeated. */
  | "frame"
  /** A frame on another wire than was agreed on. */
  | "wire"
  /** A type that is not known, or that only clients send. */
  | "type"
  /** A message that does not fit its schema. */
  | "payload"
  /** Anything before `welcome`, or a second one. */
  | "state"
  /** A welcome that answers another hello, or chooses what was not offered. */
  | "welcome"
  /** An acknowledgement of what was not sent over this connection. */
  | "ack"
  /** A list that answers no question, or not the one that was asked. */
  | "list";
