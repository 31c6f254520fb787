import * as z from "zod/mini";
import { newDeviceId } from "../device-id.js";
import { StoreError } from "../errors.js";
import { toJson } from "../json.js";
import { Login, type LoginStore } from "../stores.js";
import { readFile, remove, writeFile } from "./files.js";
import { withLock } from "./lock.js";

/** Device ids by server. */
const Devices = z.record(z.string(), z.string());

/** Stores the login of a profile in a file that only its owner can read, and the device ids in a file next to it. */
export function loginInFile(path: string): LoginStore {
  const devicesPath = `${path.replace(/\.json$/, "")}.devices.json`;
  return {
    async read() {
      const text = readFile(path);
      return text === undefined ? undefined : parseFile(Login, text, path);
    },
    write: async (login) => writeFile(path, `${toJson(login)}\n`),
    remove: async () => remove(path),
    forgetDevice: async () => remove(devicesPath),
    async deviceId(server) {
      const text = readFile(devicesPath);
      const devices = text === undefined ? {} : parseFile(Devices, text, devicesPath);
      const known = devices[server];
      if (known !== undefined) return known;
      const made = newDeviceId();
      writeFile(devicesPath, `${JSON.stringify({ ...devices, [server]: made })}\n`);
      return made;
    },
    exclusively: (work) => withLock(`${path}.lock`, work),
  };
}

/**
 * Parses the text of a JSON file.
 *
 * @throws {StoreError} if it is not valid.
 */
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
