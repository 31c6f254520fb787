import {
  type Account,
  type Messenger,
  type OpenChat,
  readMessage,
  ServerRejectionError,
  UnreachableError,
} from "lacre-client";
import type { Conversation } from "./conversation.js";

/** So many requests at most are for the list of chats: a server limits them. */
const MOST_PREVIEWS = 30;

/** Has the last message that is kept here of a chat in the list of chats. */
export async function preview(
  { stores, user_id }: Account,
  conversation: Conversation,
  messenger: Messenger,
  key: OpenChat["key"] | undefined,
): Promise<void> {
  const { chatId } = conversation;
  const page = { before: Number.MAX_SAFE_INTEGER, limit: 1 };
  const [kept] = await stores.deliveries.list(chatId, page);
  const last = kept && (await readMessage(kept, key, user_id));
  conversation.preview(last, await messenger.queued(chatId));
}

/** Asks the server for the last messages of chats of which none is kept here. */
export async function previewFromServer(
  chats: readonly { readonly conversation: Conversation; readonly countedUpTo: number }[],
  messenger: Messenger,
): Promise<void> {
  const unknown = chats.filter(({ conversation: { access, earlier, last }, countedUpTo }) => {
    const isUnknown = earlier.peek() === "unknown" && last.peek() === undefined;
    return access.peek().name === "open" && isUnknown && countedUpTo > 0;
  });
  try {
    for (const { conversation } of unknown.slice(0, MOST_PREVIEWS)) {
      const { messages } = await messenger.history(conversation.chatId, { limit: 1 });
      conversation.preview(messages[0], []);
    }
  } catch (error) {
    if (!(error instanceof ServerRejectionError || error instanceof UnreachableError)) throw error;
  }
}
