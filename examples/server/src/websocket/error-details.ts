import type { MessageProtocol } from "lacre";

const UUID_LENGTH = 36;

/**
 * Returns the error details that identify the rejected frame to the client. For a message, this is its client id; for a
 * resume, the chat; for a receipt, its kind and chat. The frame may be invalid, so the details contain nothing else of it.
 */
export function subjectOf(message: MessageProtocol | undefined): Record<string, unknown> {
  const { client_id, chat_id, event_type } = message?.payload ?? {};
  const isClientId = typeof client_id === "string" && client_id.length === UUID_LENGTH;
  if (message?.type === "message" && isClientId) return { client_id };
  if (typeof chat_id !== "number") return {};
  if (message?.type === "resume") return { resume: chat_id };
  const isReceipt = event_type === "read" || event_type === "delivered";
  return message?.type === "status" && isReceipt ? { mark: event_type, chat_id } : {};
}
