import type { ChatKey } from "lacre/e2e";
import type { Account } from "./account.js";
import { Unreachable } from "./errors.js";
import { type ReadMessage, readMessage } from "./read-message.js";

/** A page of a chat's messages, in order. */
export interface History {
  readonly messages: readonly ReadMessage[];
  /** Whether there are earlier ones. */
  readonly hasMore: boolean;
  /** Whether the server could not be reached, and this is what is kept here. */
  readonly isKeptCopy: boolean;
}

/** Which messages: the last `limit` (by default 50, at most 100) before a seq (by default all). */
export interface HistoryPage {
  readonly before?: number;
  readonly limit?: number;
}

/** The last messages of a chat before a seq: from the server, or what is kept here where that cannot be reached. */
export async function readHistory(
  account: Account,
  { chat_id, key }: { readonly chat_id: number; readonly key: ChatKey | undefined },
  { before = Number.MAX_SAFE_INTEGER, limit = 50 }: HistoryPage = {},
): Promise<History> {
  const { deliveries } = account.stores;
  const read = (messages: readonly ReadMessage["encrypted"][]) =>
    Promise.all(messages.map((message) => readMessage(message, key, account.user_id)));
  try {
    const list = await account.api.listMessages(chat_id, { before, limit });
    await deliveries.keep(chat_id, list.messages);
    return {
      messages: await read(list.messages),
      hasMore: list.has_more,
      isKeptCopy: false,
    };
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    const kept = await deliveries.list(chat_id, { before, limit: limit + 1 });
    return {
      messages: await read(kept.slice(-limit)),
      hasMore: kept.length > limit,
      isKeptCopy: true,
    };
  }
}
