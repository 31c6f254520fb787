import { setTimeout as delay } from "node:timers/promises";
import { AppendQueries } from "../src/database/append-queries.js";
import { Store } from "../src/database/store.js";

// Starts a server that acknowledges messages before it commits them. The crash test must detect the lost messages.

/** Milliseconds between the acknowledgement of a message and its commit. */
const DELAY_MS = 50;

type Transact = (this: Store, work: (store: Store) => Promise<unknown>) => Promise<unknown>;

/** The `appends` of stores whose transaction stores messages. */
const storing = new WeakSet<AppendQueries>();
const { add } = AppendQueries.prototype;
AppendQueries.prototype.add = function (messages) {
  storing.add(this);
  return add.call(this, messages);
};

Store.prototype.transaction = acknowledgingEarly(
  Store.prototype.transaction,
) as Store["transaction"];

function acknowledgingEarly(transact: Transact): Transact {
  return function (this: Store, work) {
    return new Promise((resolve, reject) => {
      const committed = transact.call(this, async (inside) => {
        const result = await work(inside);
        if (storing.has(inside.appends)) {
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
