import type { MessageProtocol } from "lacre";

const UUID_LENGTH = 36;

/**
 * What an error answers, by the name that its asker knows: a message's client id, or a resume's chat. The message may be
 * refused because it does not fit, so that nothing else is given back of it.
 */
export function subjectOf(message: MessageProtocol | undefined): Record<string, unknown> {
  const { client_id, chat_id } = message?.payload ?? {};
  const isClientId = typeof client_id === "string" && client_id.length === UUID_LENGTH;
  if (message?.type === "message" && isClientId) return { client_id };
  if (message?.type === "resume" && typeof chat_id === "number") return { resume: chat_id };
  return {};
}
