import { isClientId } from "../bytes.js";
import type { MessageProtocol } from "../envelope/message-protocol.js";

/**
 * Returns the error details that name the rejected request to the client (S-14): the client id of a message, the chat of a
 * resume, the kind and the chat of a receipt. The payload may be invalid, so the details contain nothing else of it.
 */
export function subjectOf(message: MessageProtocol | undefined): Record<string, unknown> {
  const { client_id, chat_id, event_type } = message?.payload ?? {};
  if (message?.type === "message" && isClientId(client_id)) return { client_id };
  if (typeof chat_id !== "number") return {};
  if (message?.type === "resume") return { resume: chat_id };
  const isReceipt = event_type === "read" || event_type === "delivered";
  return message?.type === "status" && isReceipt ? { mark: event_type, chat_id } : {};
}
