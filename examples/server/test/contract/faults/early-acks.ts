import type { ChatMessage } from "lacre";
import type { Store } from "../../../src/database/store.js";
import { HttpError } from "../../../src/errors.js";
import type { Outcome, StoredInChat } from "../../../src/messages/store-messages.js";
import type { Replace } from "./fault.js";

const ROLLBACK = new Error("rolled back");

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
    storeMessages: (storeMessages) => (store: Store, messages: readonly ChatMessage[]) =>
      enqueue(async () => {
        const outcomes: Outcome[] = [];
        for (const message of messages) {
          await storePending();
          let outcome: Outcome | undefined;
          // It is rolled back: this only finds out what the acknowledgement would be.
          const trial = store.transaction(async (inside) => {
            [outcome] = await storeMessages(inside, [message]);
            throw ROLLBACK;
          });
          await trial.catch((error: unknown) => {
            if (error !== ROLLBACK) throw error;
          });
          if (outcome instanceof HttpError) outcomes.push(outcome);
          else if (!outcome!.isNew)
            outcomes.push({ ...acknowledged.get(message.client_id!)!, isNew: false });
          else {
            const { stored_at } = outcome!.stored;
            pending = () => withClockAt(stored_at, () => storeMessages(store, [message]));
            acknowledged.set(message.client_id!, outcome!);
            outcomes.push(outcome!);
          }
        }
        return outcomes;
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
