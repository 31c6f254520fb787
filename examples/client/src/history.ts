import type { ChatKey } from "lacre/e2e";
import type { Account } from "./account.js";
import { NotThisProtocolError, StoreError, UnreachableError } from "./errors.js";
import { type ReadMessage, readMessage } from "./read-message.js";

/** A page of a chat's messages, sorted by seq. */
export interface History {
  readonly messages: readonly ReadMessage[];
  /** Whether earlier messages exist. */
  readonly hasMore: boolean;
  /** Whether the messages are from the store, because the server is unreachable. */
  readonly isKeptCopy: boolean;
  /** Set if the page could not be stored. */
  readonly storeError?: StoreError;
}

/**
 * Selects the last `limit` messages before the seq `before`. By default the last 100 of the chat, which is also the server's
 * maximum.
 */
export interface HistoryPage {
  readonly before?: number;
  readonly limit?: number;
}

/**
 * Returns the last messages of a chat before a seq, from the server. If it is unreachable, returns the stored ones.
 *
 * @throws what `Api.listMessages` throws, except UnreachableError.
 */
export async function readHistory(
  account: Account,
  { chat_id, key }: { readonly chat_id: number; readonly key: ChatKey | undefined },
  { before = Number.MAX_SAFE_INTEGER, limit = 100 }: HistoryPage = {},
): Promise<History> {
  const { deliveries } = account.stores;
  const read = (messages: readonly ReadMessage["encrypted"][]) =>
    Promise.all(messages.map((message) => readMessage(message, key, account.user_id)));
  try {
    const list = await account.api.listMessages(chat_id, { before, limit });
    // Reject a page without earlier messages: the caller would request it again and again.
    if (list.has_more && (list.messages[0]?.seq ?? before) >= before) {
      const what = "a page of messages that leads no further";
      throw new NotThisProtocolError(account.api.server, what);
    }
    const storeError = await errorOf(deliveries.keep(chat_id, list.messages));
    return {
      ...(storeError !== undefined && { storeError }),
      messages: await read(list.messages),
      hasMore: list.has_more,
      isKeptCopy: false,
    };
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    const kept = await deliveries.messages(chat_id, { before, limit: limit + 1 });
    return {
      messages: await read(kept.slice(-limit)),
      hasMore: kept.length > limit,
      isKeptCopy: true,
    };
  }
}

/** Returns why a write failed, or undefined if it did not. */
export async function errorOf(write: Promise<void>): Promise<StoreError | undefined> {
  try {
    await write;
    return undefined;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
}
