import type { ChatMessage } from "lacre";
import type { Store } from "../../src/database/store.js";
import { HttpError } from "../../src/errors.js";
import {
  type StoredInChat,
  type StoringOptions,
  storeMessages,
} from "../../src/messages/store-messages.js";

/** Stores one message, as a batch of its own. @throws {HttpError} if it is not accepted. */
export async function storeMessage(
  store: Store,
  message: ChatMessage,
  options?: StoringOptions,
): Promise<StoredInChat> {
  const [outcome] = await storeMessages(store, [message], options);
  if (outcome instanceof HttpError) throw outcome;
  return outcome!;
}
