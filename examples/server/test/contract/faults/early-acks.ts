import type { ChatMessage } from "lacre";
import type { Store } from "../../../src/database/store.js";
import type { StoredInChat } from "../../../src/messages/store-message.js";
import type { Replace } from "./fault.js";

/** Returns functions that acknowledge a message at once, and store it after the next read or before the next message. */
export function acknowledgingEarly(): Record<string, Replace> {
  const acknowledged = new Map<string, StoredInChat>();
  let last: Promise<unknown> = Promise.resolve();
  /** Runs `work` after all earlier work has ended. */
  const enqueue = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
  let pending: (() => Promise<unknown>) | undefined;
  const storePending = async () => {
    const store = pending;
    pending = undefined;
    await store?.();
  };
  const thenStorePending: Replace =
    (list) =>
    async (...given) => {
      const found = await list(...given);
      await enqueue(storePending);
      return found;
    };
  return {
    storeMessage: (storeMessage) => (store: Store, message: ChatMessage) =>
      enqueue(async () => {
        await storePending();
        let stored: StoredInChat | undefined;
        // The result is undefined, so `attempt` rolls back: this only finds out what the acknowledgement would be.
        await store.attempt(async (inside) => {
          stored = await storeMessage(inside, message);
          return undefined;
        });
        if (!stored!.isNew) return { ...acknowledged.get(message.client_id!)!, isNew: false };
        const { stored_at } = stored!.stored;
        pending = () => withClockAt(stored_at, () => storeMessage(store, message));
        acknowledged.set(message.client_id!, stored!);
        return stored!;
      }),
    readMessages: thenStorePending,
    pageMessages: thenStorePending,
  };
}

/** Calls `work` while `Date.now` returns this Unix time, given in seconds. */
function withClockAt<Result>(time: number, work: () => Result): Result {
  const { now } = Date;
  Date.now = () => Math.round(time * 1000);
  try {
    return work();
  } finally {
    Date.now = now;
  }
}
