import { setTimeout as delay } from "node:timers/promises";
import { Store } from "../src/database/store.js";

/** How long a transaction that everybody takes for committed is not. */
const HELD_MS = 20;

const { transaction } = Store.prototype;

// So that the rounds of kill -9 can be seen to fail: what a transaction gives is handed on before it is committed.
Store.prototype.transaction = function hasty<Result>(
  this: Store,
  work: (store: Store) => Promise<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const committed = transaction.call(this, async (inside) => {
      resolve(await work(inside));
      await delay(HELD_MS);
    });
    committed.catch(reject);
  });
};

await import("../src/main.js");
