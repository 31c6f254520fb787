import { timeArgument } from "../arguments.js";
import type { ChatMessage } from "../messages/chat.js";

/**
 * Returns whether the server stored a message up to `until`, Unix time in seconds or `Infinity`. A message without `stored_at`
 * counts by its `timestamp`.
 *
 * @throws {ValidationError} if `until` is not a time.
 */
export function expiredAt(until: number): (message: ChatMessage) => boolean {
  if (until !== Number.POSITIVE_INFINITY) timeArgument(until, "until");
  return ({ stored_at, timestamp }) => (stored_at ?? timestamp) <= until;
}
