import type { Bytes } from "../../bytes.js";
import type { Device } from "../../mls/device.js";
import { decodeRecord, encodeRecord, keys } from "./records.js";
import type { KeyPackageCount, MlsServer } from "./server.js";
import type { MlsStorage, StoredChange } from "./storage.js";

const SUITES = [0xf00d, 1] as const;
/** Number of key packages of a suite that the server should have, and below which more are published. */
const WANTED = 40;
const FEW = 20;
/** Maximum number of secret parts that are kept. Those of key packages that no device used are removed, the oldest first. */
const MAX_KEPT = 400;
/** The same for those of last resort, of which the server has one of each suite. */
const MAX_LAST_KEPT = 8;

interface KeptRecord {
  readonly keep: Bytes;
  /** Whether it is of last resort, and therefore used several times. */
  readonly isLast: boolean;
}

/** Publishes the key packages of this device, and keeps their secret parts. */
export class KeyPackages {
  readonly #storage: MlsStorage;
  readonly #server: MlsServer;
  /** Whether the server knows, since this client started, to which device its session belongs. */
  #isBound = false;

  constructor(storage: MlsStorage, server: MlsServer) {
    this.#storage = storage;
    this.#server = server;
  }

  /** Publishes key packages if the server has few. */
  async publish(device: Device): Promise<void> {
    const counts = this.#isBound
      ? await this.#server.countKeyPackages(device.id)
      : await this.#server.publish(device.id, [], []);
    this.#isBound = true;
    for (const suite of SUITES) {
      const has: KeyPackageCount = counts.find((one) => one.suite === suite) ?? {
        ...{ suite, count: 0, has_last_resort: false },
      };
      const count = has.count < FEW ? WANTED - has.count : 0;
      const last = has.has_last_resort ? 0 : 1;
      if (count + last === 0) continue;
      const made = await device.keyPackages({ count: count + last, suites: [suite] });
      await this.#keep(made.keep, last);
      await this.#server.publish(device.id, made.publish.slice(last), made.publish.slice(0, last));
    }
  }

  /** Returns the kept parts, and a function that returns the changes after the part with an index was used. */
  async all(): Promise<{ keep: Bytes[]; use: (index: number) => StoredChange[] }> {
    const names = await this.#storage.keys("key-package/");
    const records: KeptRecord[] = [];
    for (const name of names) records.push(decodeRecord((await this.#storage.get(name))!));
    return {
      keep: records.map(({ keep }) => keep),
      use: (index) => (records[index]!.isLast ? [] : [[names[index]!, undefined]]),
    };
  }

  /** Stores secret parts, the first `last` of which are of last resort. */
  async #keep(keeps: readonly Bytes[], last: number): Promise<void> {
    const names = await this.#storage.keys("key-package/");
    let next = Number(names.at(-1)?.split("/")[1] ?? 0) + 1;
    const changes: StoredChange[] = keeps.map((keep, at) => {
      const record: KeptRecord = { keep, isLast: at < last };
      return [keys.keyPackage(next++), encodeRecord(record)];
    });
    const [once, lasts]: [string[], string[]] = [[], []];
    for (const name of names) {
      const { isLast } = decodeRecord<KeptRecord>((await this.#storage.get(name))!);
      (isLast ? lasts : once).push(name);
    }
    const excess = Math.max(0, once.length + keeps.length - last - MAX_KEPT);
    for (const name of [...once.slice(0, excess), ...lasts.slice(0, -MAX_LAST_KEPT)])
      changes.push([name, undefined]);
    await this.#storage.write(changes);
  }
}
