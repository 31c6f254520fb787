import { DatabaseUnavailableError } from "../../server/src/database/database-unavailable.js";
import { Store } from "../../server/src/database/store.js";
import { outcomesIn } from "./outcomes.js";

/** The seq of the message after whose commit the server hangs. */
const LAST_SEQ = 5;

const { transaction } = Store.prototype;

// The server hangs after the message is committed and before it is logged, so that the kill comes between the two. A message that is
// stored already fails here, so the restarted server cannot acknowledge it: the client receives it in the answer to its resume, and
// stops sending it.
Store.prototype.transaction = async function (this: Store, work) {
  const result = await transaction.call(this, work);
  for (const { isNew, stored } of outcomesIn(result)) {
    if (!isNew) throw new DatabaseUnavailableError(new Error("the database is busy"));
    if (stored.seq === LAST_SEQ) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
  return result;
} as typeof transaction;

await import("../../server/src/main.js");
