import { invalidArgument, listArgument, textArgument } from "../../arguments.js";
import { type Bytes, copyOfBytes } from "../../bytes.js";
import type { StoredChange } from "./storage.js";

/** Names of files have at most 255 bytes. */
const KEY = /^[a-z0-9/-]{1,200}$/;

/**
 * Returns the last change of each key, with copies of the values.
 *
 * @throws {ValidationError} if a key is too long or has other characters than a to z, digits, `-` and `/`, or if a value is not
 * bytes.
 */
export function changesArgument(changes: Iterable<StoredChange>): Map<string, Bytes | undefined> {
  const last = new Map<string, Bytes | undefined>();
  for (const [key, value] of listArgument(changes, "changes")) {
    if (!KEY.test(textArgument(key, "changes"))) {
      throw invalidArgument("changes", "keys must be 1 to 200 characters: a to z, digits, - and /");
    }
    const copy = copyOfBytes(value);
    if (copy === undefined && value !== undefined) {
      throw invalidArgument("changes", "values must be bytes, or undefined");
    }
    last.set(key, copy);
  }
  return last;
}
