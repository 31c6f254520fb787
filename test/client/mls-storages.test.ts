import { afterEach, describe, expect, it, vi } from "vitest";
import { mlsIndexedDbStorage } from "../../src/client/indexeddb/index.js";
import { memoryMlsStorage } from "../../src/client/mls/index.js";
import { Device } from "../../src/mls/index.js";
import { utf8 } from "../support/hex.js";
import { asText, contentsOf, openDatabase, resultOf } from "./database.js";
import { describeMlsStorage, lockOptions } from "./mls-storage-contract.js";

describeMlsStorage("memoryMlsStorage", () => {
  const storage = memoryMlsStorage();
  return { open: () => storage };
});

const hasIndexedDb = typeof indexedDB !== "undefined";

if (hasIndexedDb) {
  describeMlsStorage("mlsIndexedDbStorage", () => {
    const name = `test ${Math.random()}`;
    return {
      open: () => mlsIndexedDbStorage(name),
      dump: async () => asText(Object.values(await contentsOf(`lacre-mls ${name}`))),
      async copy(from, to) {
        const database = await openDatabase(`lacre-mls ${name}`);
        const values = database.transaction("values", "readwrite").objectStore("values");
        await resultOf(values.put(await resultOf(values.get(from)), to));
        database.close();
      },
    };
  });
}

describe.skipIf(!hasIndexedDb)("mlsIndexedDbStorage", () => {
  afterEach(() => vi.restoreAllMocks());

  it("is not used where several tabs could use it", async () => {
    vi.stubGlobal("navigator", {});
    const locking = mlsIndexedDbStorage(`test ${Math.random()}`).lock(lockOptions());
    vi.unstubAllGlobals();
    await expect(locking).rejects.toThrow("no Web Locks");
  });

  it("stores keys that cannot be exported", async ({ skip }) => {
    const name = `test ${Math.random()}`;
    const storage = mlsIndexedDbStorage(name);
    const release = await storage.lock(lockOptions());
    if (storage.needsExport) skip();
    await storage.write([["a", utf8("a")]]);
    const device = await Device.generate({ user_id: 7 });
    await storage.saveDevice(device);
    const { keys } = await contentsOf(`lacre-mls ${name}`);
    const [stored, key] = keys as [{ cryptoKey: CryptoKey }, CryptoKey];
    expect([stored.cryptoKey.extractable, key.extractable]).toEqual([false, false]);
    expect(stored).toEqual({
      user_id: 7,
      publicKey: device.publicKey,
      cryptoKey: stored.cryptoKey,
    });
    const loaded = await mlsIndexedDbStorage(name).loadDevice();
    expect(() => loaded!.export()).toThrow("not extractable");
    await release();
  });

  it("encrypts the key of a device where WebCrypto has no Ed25519", async () => {
    const { subtle } = globalThis.crypto;
    for (const method of ["generateKey", "importKey"] as const) {
      const real = subtle[method].bind(subtle) as (...given: unknown[]) => Promise<never>;
      vi.spyOn(subtle, method).mockImplementation(async (...given: unknown[]) => {
        if (given.includes("Ed25519")) throw new DOMException("", "NotSupportedError");
        return real(...given);
      });
    }
    const name = `test ${Math.random()}`;
    const storage = mlsIndexedDbStorage(name);
    const release = await storage.lock(lockOptions());
    expect(storage.needsExport).toBe(true);
    const device = await Device.generate({ user_id: 7, extractable: true });
    expect(device.cryptoKey).toBeUndefined();
    await storage.saveDevice(device);
    const contents = asText(await contentsOf(`lacre-mls ${name}`));
    expect(contents).not.toContain(asText(device.export()).slice(1, -1));
    const loaded = (await mlsIndexedDbStorage(name).loadDevice())!;
    expect([loaded.id, loaded.user_id]).toEqual([device.id, 7]);
    await expect(storage.saveDevice(await Device.generate({ user_id: 7 }))).rejects.toMatchObject({
      code: "ERR_KEY",
    });
    await release();
  });

  it("makes no change if one of them fails", async () => {
    const name = `test ${Math.random()}`;
    const storage = mlsIndexedDbStorage(name);
    await storage.write([["a", utf8("before")]]);
    const { put } = IDBObjectStore.prototype;
    vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (
      this: IDBObjectStore,
      value,
      key,
    ) {
      if (key === "b") throw new DOMException("", "DataCloneError");
      return put.call(this, value, key);
    });
    const changes = ["a", "b", "c"].map((key) => [key, utf8("after")] as const);
    await expect(storage.write(changes)).rejects.toMatchObject({ name: "DataCloneError" });
    vi.restoreAllMocks();
    for (const each of [storage, mlsIndexedDbStorage(name)]) {
      expect(await each.keys("")).toEqual(["a"]);
      expect(await each.get("a")).toEqual(utf8("before"));
    }
  });

  it("is taken over when the tab that held it has ended its use", async () => {
    const name = `test ${Math.random()}`;
    const onLost = vi.fn();
    const release = await mlsIndexedDbStorage(name).lock(lockOptions({ onLost }));
    let hasSecond = false;
    const second = mlsIndexedDbStorage(name)
      .lock(lockOptions({ steal: true }))
      .then((unlock) => {
        hasSecond = true;
        return unlock;
      });
    await vi.waitUntil(() => onLost.mock.calls.length === 1, { timeout: 30_000 });
    expect(hasSecond).toBe(false);
    await release();
    await (await second)();
  });
});
