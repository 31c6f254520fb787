import type { ChatKey } from "lacre/e2e";
import type { Account } from "./account.js";
import { NotThisProtocolError, StoreError, UnreachableError } from "./errors.js";
import { type ReadMessage, readMessage } from "./read-message.js";

/** A page of a chat's messages, in order. */
export interface History {
  readonly messages: readonly ReadMessage[];
  /** Whether there are earlier ones. */
  readonly hasMore: boolean;
  /** Whether the server could not be reached, and this is what is kept here. */
  readonly isKeptCopy: boolean;
  /** Why the page could not be kept here. */
  readonly storeError?: StoreError;
}

/** Which messages: the last `limit` (by default 100, the most that the server gives) before a seq (by default all). */
export interface HistoryPage {
  readonly before?: number;
  readonly limit?: number;
}

/** The last messages of a chat before a seq: from the server, or what is kept here where that cannot be reached. Throws what `Api` throws. */
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
    // Asked for without end otherwise, as long as the beginning of the page is in view.
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
    const kept = await deliveries.list(chat_id, { before, limit: limit + 1 });
    return {
      messages: await read(kept.slice(-limit)),
      hasMore: kept.length > limit,
      isKeptCopy: true,
    };
  }
}

/** Returns why a write failed, or undefined if it did not. */
async function errorOf(write: Promise<void>): Promise<StoreError | undefined> {
  try {
    await write;
    return undefined;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
}
