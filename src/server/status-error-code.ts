import { numberArgument, objectArgument } from "../arguments.js";
import type { StatusEvent } from "../messages/chat.js";

/** Values of `event_type` that a client may send. Only servers send the others. */
const CLIENT_EVENT_TYPES: readonly string[] = ["typing", "read", "delivered"];

/**
 * Returns the error code with which a server rejects a client's status, or undefined if the status is valid. `ERR_FORBIDDEN`:
 * the status is of another user. `ERR_UNSUPPORTED`: only servers send this `event_type`. `ERR_SEQ_AHEAD`: the receipt's `seq`
 * is past the chat's last one.
 *
 * ```ts
 * const code = statusErrorCode(receipt, { user_id, last_seq });
 * ```
 */
export function statusErrorCode(
  status: StatusEvent,
  by: { readonly user_id: number; readonly last_seq: number },
): "ERR_FORBIDDEN" | "ERR_UNSUPPORTED" | "ERR_SEQ_AHEAD" | undefined {
  const { user_id, last_seq } = objectArgument(by, "by");
  const { seq = 0 } = objectArgument(status, "status");
  numberArgument(last_seq, "by.last_seq", 0);
  if (status.user_id !== user_id) return "ERR_FORBIDDEN";
  if (!CLIENT_EVENT_TYPES.includes(status.event_type)) return "ERR_UNSUPPORTED";
  return numberArgument(seq, "status.seq", 0) > last_seq ? "ERR_SEQ_AHEAD" : undefined;
}
