import { Ack, ChatMessage, StatusEvent } from "../messages/chat.js";
import { Heartbeat } from "../messages/connection.js";
import { ErrorResponse } from "../messages/error-response.js";
import { MessageListResponse } from "../messages/lists.js";
import { createRegistry } from "../messages/registry.js";
import { withinPatience } from "./patience.js";

/** Seconds to wait where a server asks for patience and does not say how much. */
const DEFAULT_PATIENCE = 1;

/** Error codes after which the same request may be granted later. */
const PASSING_ERRORS: readonly string[] = ["ERR_RATE_LIMITED", "ERR_UNAVAILABLE"];

/** The messages that a server sends to a client that is welcome. */
export const incoming = /* @__PURE__ */ createRegistry([
  Ack,
  ChatMessage,
  ErrorResponse,
  Heartbeat,
  MessageListResponse,
  StatusEvent,
]);

/** What came, discriminated by its type. */
export type Incoming = ReturnType<typeof incoming.parse>;

/** What a server's error is about, from its details: a message by its client id, or a resume by its chat. */
export function subjectOf({ error_code, details = {} }: ErrorResponse): {
  readonly clientId: string | undefined;
  readonly resumedChat: number | undefined;
  /** Seconds after which to try again; undefined where that is of no use. */
  readonly patience: number | undefined;
} {
  const { client_id, resume, retry_after } = details;
  const asked = typeof retry_after === "number" && retry_after > 0 ? retry_after : DEFAULT_PATIENCE;
  return {
    clientId: typeof client_id === "string" ? client_id : undefined,
    resumedChat: typeof resume === "number" ? resume : undefined,
    patience: PASSING_ERRORS.includes(error_code) ? withinPatience(asked) : undefined,
  };
}
