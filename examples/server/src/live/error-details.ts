import type { MessageProtocol } from "lacre";

/** What an error answers, by the name that its asker knows: a message's client id, or a resume's chat. */
export function subjectOf(message: MessageProtocol | undefined): Record<string, unknown> {
  const { client_id, chat_id } = message?.payload ?? {};
  if (message?.type === "message" && client_id !== undefined) return { client_id };
  if (message?.type === "resume" && chat_id !== undefined) return { resume: chat_id };
  return {};
}
