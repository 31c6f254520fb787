import { setTimeout as delay } from "node:timers/promises";
import { Store } from "../src/database/store.js";

// A server that acknowledges messages before it commits them: the rounds of kill -9 have to find it.

/** Milliseconds from the acknowledgement of a message to the commit of its transaction. */
const DELAY_MS = 50;

type Transact = (this: Store, work: (store: Store) => Promise<unknown>) => Promise<unknown>;

/** Stores of transactions in which a message is stored. */
const storing = new WeakSet<Store>();
const { takeSeq } = Store.prototype;
Store.prototype.takeSeq = function (chat) {
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
        if (storing.has(inside)) {
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
