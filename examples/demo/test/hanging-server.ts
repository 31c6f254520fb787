import { DatabaseUnavailableError } from "../../server/src/database/database-unavailable.js";
import { Store } from "../../server/src/database/store.js";

/** The seq of the message after whose commit the server hangs. */
const LAST_SEQ = 5;

const attempt = Store.prototype.attempt;

// The server hangs after the message is committed and before it is logged, so that the kill comes between the two. `attempt`
// returns undefined for a message that is stored already. It fails here, so the restarted server cannot acknowledge the
// message: the client receives it in the answer to its resume, and stops sending it.
Store.prototype.attempt = async function (this: Store, work) {
  const result = await attempt.call(this, work);
  if (result === undefined) throw new DatabaseUnavailableError(new Error("the database is busy"));
  const { stored } = result as { readonly stored?: { readonly seq: number } };
  if (stored?.seq === LAST_SEQ) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  return result;
} as typeof attempt;

await import("../../server/src/main.js");
