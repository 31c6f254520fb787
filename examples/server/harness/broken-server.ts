import { setTimeout as delay } from "node:timers/promises";
import { Store } from "../src/database/store.js";

/** How long a transaction that everybody takes for committed is not. */
const HELD_MS = 50;

type Transact = (this: Store, work: (store: Store) => Promise<unknown>) => Promise<unknown>;

// So that the rounds of kill -9 can be seen to fail: what a transaction gives is handed on before it is committed.
Store.prototype.transaction = hasty(Store.prototype.transaction) as Store["transaction"];
Store.prototype.attempt = hasty(Store.prototype.attempt) as Store["attempt"];

function hasty(transact: Transact): Transact {
  return function (this: Store, work) {
    return new Promise((resolve, reject) => {
      const committed = transact.call(this, async (inside) => {
        const result = await work(inside);
        resolve(result);
        await delay(HELD_MS);
        return result;
      });
      committed.catch(reject);
    });
  };
}

await import("../src/main.js");
