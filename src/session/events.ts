import type { Bytes } from "../bytes.js";
import type { LacreError } from "../errors.js";
import type { ChatMessage, StatusEvent } from "../messages/chat.js";
import type { DevicesEvent } from "../messages/devices.js";
import type { ErrorResponse } from "../messages/error-response.js";

/** A message with a `client_id`, by which the server stores it once even if it is sent several times. */
export type OutgoingMessage = ChatMessage & { readonly client_id: string };

/** An event that the caller passes to `Session.handle`. A session ignores unknown types. */
export type SessionEvent =
  /** The socket of the last `connect` is open. Do not pass events of earlier sockets, here or below. */
  | { readonly type: "connected" }
  /** The socket received a message. `data` may be of any type: the session rejects all but valid frames. */
  | { readonly type: "frame"; readonly data: unknown }
  /** The user sends a message, which is already encrypted. */
  | { readonly type: "send"; readonly message: OutgoingMessage }
  /** The message of a `persist` action is stored. */
  | { readonly type: "stored"; readonly client_id: string }
  /**
   * The message of a `persist` action could not be stored. The session does not send it and returns `failed` with
   * `ERR_NOT_STORED`.
   */
  | { readonly type: "store_failed"; readonly client_id: string }
  /**
   * Stops sending a message of the outbox, for example because the key of its chat changed. The caller removes the stored
   * entry. The server may still store a message that was sent on this connection; the session ignores that acknowledgement.
   */
  | { readonly type: "withdraw"; readonly client_id: string }
  /** Starts to follow a chat that has no cursor, from its first message. */
  | { readonly type: "follow"; readonly chat_id: number }
  /** The user read the chat up to `seq` (default: the chat's cursor), or is typing. */
  | {
      readonly type: "mark";
      readonly event_type: "read" | "typing";
      readonly chat_id: number;
      readonly seq?: number;
    }
  /**
   * The network or the device may have changed: the browser is online again, the page is visible again, or the process resumed.
   * An open connection then has 3 seconds to answer a heartbeat. A session that waits connects immediately.
   */
  | { readonly type: "probe" }
  /** The socket is closed, or failed to open. `code` is the close code (RFC 6455, section 7.4), or 1006 if the peer sent no code. */
  | { readonly type: "closed"; readonly code: number }
  /** Runs the timers. Pass it once at the start, then at the time of each `wake`. */
  | { readonly type: "tick" };

/**
 * An action that the caller performs, in the given order, before the next event. Later versions add actions and fields: ignore
 * unknown ones.
 */
export type SessionAction =
  /** Open a socket, and drop the previous one. */
  | { readonly type: "connect" }
  | { readonly type: "transmit"; readonly bytes: Bytes }
  | { readonly type: "close"; readonly code: number; readonly reason: string }
  /** Store a message of the outbox, then pass the event `stored` or `store_failed`. */
  | { readonly type: "persist"; readonly message: OutgoingMessage }
  /** Remove a stored message of the outbox. */
  | { readonly type: "forget"; readonly client_id: string }
  /**
   * Set the stored cursor of a chat from `from` to `seq`, in one transaction with the messages that this call delivered before
   * it. If the stored cursor is not `from`, another program or tab moved it: keep the stored one.
   */
  | {
      readonly type: "cursor";
      readonly chat_id: number;
      readonly from: number;
      readonly seq: number;
    }
  | { readonly type: "deliver"; readonly notice: SessionNotice }
  /**
   * Report that a message of the outbox will not be sent: the server rejected it, or it could not be stored. Unless
   * the message was invalid, `forget` follows: remove the stored message after the application has handled the failure.
   */
  | {
      readonly type: "failed";
      readonly client_id: string;
      readonly chat_id: number;
      readonly error_code: string;
      readonly error_message: string;
    }
  /**
   * Pass `tick` at this Unix time in seconds. Replaces the previous `wake`. It is the first action, so that the `wake` of an
   * event that another action causes is the later one.
   */
  | { readonly type: "wake"; readonly at: number };

/** A notice to the application. Later versions add notices and fields: ignore unknown ones. */
export type SessionNotice =
  /** A received message. Each is delivered once, in the order of its chat. */
  | { readonly type: "message"; readonly message: ChatMessage }
  /** The server stored a message of the outbox, at position `seq` of its chat. */
  | {
      readonly type: "sent";
      readonly client_id: string;
      readonly chat_id: number;
      readonly message_id: number | undefined;
      readonly seq: number;
      /** Time at which the server stored it, by its clock. Unix time in seconds. */
      readonly stored_at: number | undefined;
    }
  | { readonly type: "status"; readonly status: StatusEvent }
  /** The device log of the own user, or of a member of a chat, has grown. Sent if both ends have the capability `devices`. */
  | { readonly type: "devices"; readonly devices: DevicesEvent }
  /** The handshake is complete, and the session requests the missing messages of its chats. */
  | {
      readonly type: "online";
      readonly wire: 1 | 2;
      readonly capabilities: readonly string[];
      /** The server's time at the welcome. Unix time in seconds. */
      readonly server_time: number;
    }
  /** The connection is closed. `retry`: whether the session connects again by itself. */
  | { readonly type: "offline"; readonly code: number; readonly retry: boolean }
  /** Messages after `after`, up to `through` if that is known, are not available. The chat continues without them. */
  | {
      readonly type: "gap";
      readonly chat_id: number;
      readonly after: number;
      readonly through?: number;
    }
  /**
   * All messages that the server has of a chat are delivered, up to `seq`. Emitted each time the last page of a resume arrives,
   * so at least once for each chat on each connection. A chat whose resumes are rejected has a `gap` instead.
   */
  | { readonly type: "caught_up"; readonly chat_id: number; readonly seq: number }
  /** The server's last seq of a chat is lower than the cursor, for example after a restored backup. */
  | {
      readonly type: "rewound";
      readonly chat_id: number;
      readonly cursor: number;
      readonly last_seq: number;
    }
  /** Number of frames of this connection that did not reach the other end. The session requests or sends them again. */
  | { readonly type: "lost"; readonly frames: number }
  /**
   * The server reported an error that concerns no request of the session. After `ERR_EXPIRED` and `ERR_FROM_FUTURE` the session
   * reconnects, because the clock of the device or of the server changed.
   */
  | { readonly type: "error"; readonly error: ErrorResponse }
  /** The session received something that violates the protocol, and ignored it. */
  | {
      readonly type: "refused";
      readonly reason: RefusalReason;
      readonly error: LacreError | undefined;
    };

/** Why the session ignored something that it received. */
export type RefusalReason =
  /**
   * The frame does not open under this connection's key: malformed, forged, reflected, of another connection, late or repeated.
   */
  | "frame"
  /** The frame is on another wire than the negotiated one. */
  | "wire"
  /** The type is unknown, or one that only clients send. */
  | "type"
  /** The payload does not match its schema. */
  | "payload"
  /** The frame arrived before the handshake started, or while the connection closes. */
  | "state"
  /** The answer to the `hello` is not a valid `welcome` to it: it answers another `hello`, or selects something not offered. */
  | "welcome"
  /** The acknowledged message was not sent over this connection. */
  | "ack"
  /** The message was delivered before under another seq. The session does not deliver it again. */
  | "repeat"
  /**
   * The message is of a chat that the application does not follow, after 1,000 such chats. Pass `follow` for the chat to
   * receive it.
   */
  | "chat"
  /** The list answers no pending resume, or does not match it. */
  | "list";
