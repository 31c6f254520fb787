import fs from "node:fs";
import { Store } from "../../server/src/database/store.js";

/** The seq of the message after whose commit the server writes nothing to the log. */
const LAST_SEQ = 5;
const STDOUT = 1;

const { attempt } = Store.prototype;
const { write } = fs;
let isLogStuck = false;

// Another thread writes the log, so a kill loses the lines that it has not written yet.
fs.write = ((fd: number, ...args: unknown[]) => {
  if (fd !== STDOUT || !isLogStuck) Reflect.apply(write, fs, [fd, ...args]);
}) as typeof fs.write;

Store.prototype.attempt = async function (this: Store, work) {
  const result = await attempt.call(this, work);
  const { stored } = (result ?? {}) as { readonly stored?: { readonly seq: number } };
  if (stored?.seq === LAST_SEQ) isLogStuck = true;
  return result;
} as typeof attempt;

await import("../../server/src/main.js");
