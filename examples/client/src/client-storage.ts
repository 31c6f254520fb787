import type { ClientStorage } from "lacre/client";
import type { Account } from "./account.js";
import type { Answers } from "./answers.js";
import type { Pending } from "./pending.js";

interface ClientStorageOptions {
  readonly account: Account;
  readonly pending: Pending;
  readonly cursors: ReadonlyMap<number, number>;
  /** Returns whether the events of a chat are delivered. If not, its cursor stays where it is. */
  readonly isTaken: (chatId: number) => boolean;
  readonly answers: Answers;
}

/** Returns the stores of an account as the storage of a client. Several programs of one profile may use them at a time. */
export function storageOf(options: ClientStorageOptions): ClientStorage {
  const { account, pending, cursors, isTaken, answers } = options;
  const { deliveries } = account.stores;
  return {
    load: async () => ({ outbox: pending.toSend.map(({ encrypted }) => encrypted), cursors }),
    addOutgoing: (message) => pending.store(message),
    removeOutgoing: (clientId) => pending.remove(clientId),
    async moveCursor(chatId, move, messages) {
      if (!isTaken(chatId)) return;
      await answers.store(chatId);
      await deliveries.moveCursor(chatId, move, messages);
    },
    messages: (chatId, page) => deliveries.messages(chatId, page),
    expire: (chatId, until) => deliveries.expire(chatId, until),
    clear: () => account.stores.clear(),
  };
}
