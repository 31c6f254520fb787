import {
  type Account,
  type Messenger,
  type OpenChat,
  readMessage,
  ServerRejectionError,
  UnreachableError,
} from "lacre-client";
import type { Conversation } from "./conversation.js";

/** Maximum number of requests for previews, as the server limits requests. */
const MAX_PREVIEWS = 30;

/** Shows the last stored message of a chat in the list of chats. */
export async function previewFromStore(
  { stores, user_id }: Account,
  conversation: Conversation,
  messenger: Messenger,
  key: OpenChat["key"] | undefined,
): Promise<void> {
  const { chatId } = conversation;
  const page = { before: Number.MAX_SAFE_INTEGER, limit: 1 };
  const [kept] = await stores.deliveries.messages(chatId, page);
  const last = kept && (await readMessage(kept, key, user_id));
  conversation.setPreview(last, await messenger.queued(chatId));
}

/** Fetches the last messages of chats of which no message is stored in the browser. */
export async function previewFromServer(
  chats: readonly { readonly conversation: Conversation; readonly countedUpTo: number }[],
  messenger: Messenger,
): Promise<void> {
  const unknown = chats.filter(({ conversation: { access, earlier, last }, countedUpTo }) => {
    const isUnknown = earlier.peek() === "unknown" && last.peek() === undefined;
    return access.peek().name === "open" && isUnknown && countedUpTo > 0;
  });
  try {
    for (const { conversation } of unknown.slice(0, MAX_PREVIEWS)) {
      const { messages } = await messenger.history(conversation.chatId, { limit: 1 });
      conversation.setPreview(messages[0], []);
    }
  } catch (error) {
    if (!(error instanceof ServerRejectionError || error instanceof UnreachableError)) throw error;
  }
}
