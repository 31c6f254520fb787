import { setTimeout as delay } from "node:timers/promises";
import { MessageQueries } from "../src/database/message-queries.js";
import { Store } from "../src/database/store.js";

// Starts a server that acknowledges messages before it commits them. The crash test must detect the lost messages.

/** Milliseconds between the acknowledgement of a message and its commit. */
const DELAY_MS = 50;

type Transact = (this: Store, work: (store: Store) => Promise<unknown>) => Promise<unknown>;

/** The `messages` of stores whose transaction stores a message. */
const storing = new WeakSet<MessageQueries>();
const { takeSeq } = MessageQueries.prototype;
MessageQueries.prototype.takeSeq = function (chat) {
  storing.add(this);
  return takeSeq.call(this, chat);
};

Store.prototype.transaction = acknowledgingEarly(
  Store.prototype.transaction,
) as Store["transaction"];
Store.prototype.attempt = acknowledgingEarly(Store.prototype.attempt) as Store["attempt"];

function acknowledgingEarly(transact: Transact): Transact {
  return function (this: Store, work) {
    return new Promise((resolve, reject) => {
      const committed = transact.call(this, async (inside) => {
        const result = await work(inside);
        if (storing.has(inside.messages)) {
          resolve(result);
          await delay(DELAY_MS);
        }
        return result;
      });
      committed.then(resolve, reject);
    });
  };
}

await import("../src/main.js");
