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

/** Seconds after which to try again what was answered with an error; undefined where that is of no use. */
export function patienceAsked({ error_code, details }: ErrorResponse): number | undefined {
  if (!PASSING_ERRORS.includes(error_code)) return undefined;
  const { retry_after } = details ?? {};
  const isTime = typeof retry_after === "number" && retry_after > 0;
  return withinPatience(isTime ? retry_after : DEFAULT_PATIENCE);
}
