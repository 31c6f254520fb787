import { Ack, ChatMessage, StatusEvent } from "../messages/chat.js";
import { Heartbeat } from "../messages/connection.js";
import { DevicesEvent } from "../messages/devices.js";
import { ErrorResponse } from "../messages/error-response.js";
import { MessageListResponse } from "../messages/lists.js";
import { createRegistry } from "../messages/registry.js";
import { clampTimeout } from "./clamp-timeout.js";

/** Seconds to wait before a retry if the server names no valid `retry_after`. */
const DEFAULT_RETRY_DELAY = 1;

/** Error codes after which the same request may succeed later. */
const TEMPORARY_ERRORS: readonly string[] = [
  "ERR_RATE_LIMITED",
  "ERR_UNAVAILABLE",
  "ERR_OUT_OF_ORDER",
];

/** Codes of a frame that an end rejects for its time, because the clock of an end changed since the handshake. */
const CLOCK_ERRORS: readonly string[] = ["ERR_EXPIRED", "ERR_FROM_FUTURE"];

/** Registry of the messages that a server sends after the handshake. */
export const incoming = /* @__PURE__ */ createRegistry([
  Ack,
  ChatMessage,
  DevicesEvent,
  ErrorResponse,
  Heartbeat,
  MessageListResponse,
  StatusEvent,
]);

/** A received message, discriminated by its type. */
export type Incoming = ReturnType<typeof incoming.parse>;

/** Whether an error code says that the two ends no longer agree on the time. A new handshake measures it again. */
export function isClockError(code: string): boolean {
  return CLOCK_ERRORS.includes(code);
}

/** Returns the seconds to wait before retrying a rejected request; undefined if the error is final. */
export function retryDelayOf({ error_code, details }: ErrorResponse): number | undefined {
  if (!TEMPORARY_ERRORS.includes(error_code)) return undefined;
  const { retry_after } = details ?? {};
  const isTime = typeof retry_after === "number" && retry_after > 0;
  return clampTimeout(isTime ? retry_after : DEFAULT_RETRY_DELAY);
}
