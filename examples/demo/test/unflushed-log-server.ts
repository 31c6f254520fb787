import fs from "node:fs";
import { Store } from "../../server/src/database/store.js";
import { outcomesIn } from "./outcomes.js";

/** The seq of the message after whose commit the server writes nothing to the log. */
const LAST_SEQ = 5;
const STDOUT = 1;

const { transaction } = Store.prototype;
const { write } = fs;
let isLogStuck = false;

// Another thread writes the log, so a kill loses the lines that it has not written yet.
fs.write = ((fd: number, ...args: unknown[]) => {
  if (fd !== STDOUT || !isLogStuck) Reflect.apply(write, fs, [fd, ...args]);
}) as typeof fs.write;

Store.prototype.transaction = async function (this: Store, work) {
  const result = await transaction.call(this, work);
  if (outcomesIn(result).some(({ stored }) => stored.seq === LAST_SEQ)) isLogStuck = true;
  return result;
} as typeof transaction;

await import("../../server/src/main.js");
