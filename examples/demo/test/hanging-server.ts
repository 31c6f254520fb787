import { DatabaseUnavailableError } from "../../server/src/database/database-unavailable.js";
import { Store } from "../../server/src/database/store.js";

/** The seq of the message after whose commit the server does nothing any more. */
const LAST_SEQ = 5;

const attempt = Store.prototype.attempt;

// A process that is killed ends between any two statements. This one stays where the kill is to come: after a message is
// committed, and before it is logged. Started again, it cannot answer the message when it is repeated: the client finds it
// in the answer to its resume, and does not send it any more.
Store.prototype.attempt = async function (this: Store, work) {
  const result = await attempt.call(this, work);
  if (result === undefined) throw new DatabaseUnavailableError(new Error("the database is busy"));
  const { stored } = result as { readonly stored?: { readonly seq: number } };
  if (stored?.seq === LAST_SEQ) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  return result;
} as typeof attempt;

await import("../../server/src/main.js");
