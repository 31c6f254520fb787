import * as z from "zod/mini";
import { StoreError } from "../errors.js";
import { toJson } from "../json.js";
import { Login, type LoginStore } from "../stores.js";
import { readFile, remove, writeFile } from "./files.js";
import { withLock } from "./lock.js";

/** The login of a profile, in a file that is nobody else's to read. */
export function loginInFile(path: string): LoginStore {
  return {
    async read() {
      const text = readFile(path);
      return text === undefined ? undefined : parseFile(Login, text, path);
    },
    write: async (login) => writeFile(path, `${toJson(login)}\n`),
    remove: async () => remove(path),
    exclusively: (work) => withLock(`${path}.lock`, work),
  };
}

/** What a JSON file of ours holds. Throws StoreError. */
export function parseFile<Schema extends z.ZodMiniType>(
  schema: Schema,
  text: string,
  path: string,
): z.output<Schema> {
  try {
    return z.parse(schema, JSON.parse(text));
  } catch {
    throw new StoreError(`${path} is damaged: remove it to go on without`);
  }
}
