import { describe, expect, it, vi } from "vitest";
import type { LockOptions } from "../../src/client/index.js";
import type { MlsStorage } from "../../src/client/mls/index.js";
import { ValidationError } from "../../src/index.js";
import { Device } from "../../src/mls/index.js";
import { utf8 } from "../support/hex.js";

export interface OpenedMlsStorage {
  /** Opens the same data again, as the next run of a program. */
  open(): MlsStorage;
  /** Returns all that is stored, as text in which each byte is one character. Undefined if the storage is not encrypted. */
  readonly dump?: () => Promise<string>;
  /** Stores what is stored under one key under another one too. Undefined if the storage is not encrypted. */
  readonly copy?: (from: string, to: string) => Promise<void>;
}

const CANARY = "a canary that no storage may contain";

export function lockOptions(options: Partial<LockOptions> = {}): LockOptions {
  const { signal } = new AbortController();
  return { signal, steal: false, onWait: () => {}, onLost: () => {}, ...options };
}

/** Describes what each storage of MLS chats does. `create` returns an empty one. */
export function describeMlsStorage(name: string, create: () => OpenedMlsStorage): void {
  describe(name, () => {
    it("returns written values in the next run, and not those that were removed", async () => {
      const { open } = create();
      const storage = open();
      expect(await storage.get("chats/1")).toBeUndefined();
      await storage.write([
        ["chats/1", utf8("one")],
        ["chats/2", new Uint8Array()],
        ["log-7", utf8("log")],
      ]);
      await storage.write([
        ["chats/1", utf8("one again")],
        ["log-7", undefined],
        ["none", undefined],
      ]);
      await storage.write([]);
      for (const each of [storage, open()]) {
        expect(await each.get("chats/1")).toEqual(utf8("one again"));
        expect(await each.get("chats/2")).toEqual(new Uint8Array());
        expect(await each.get("log-7")).toBeUndefined();
        expect(await each.keys("")).toEqual(["chats/1", "chats/2"]);
      }
    });

    it("makes the last of several changes of one key", async () => {
      const { open } = create();
      await open().write([
        ["a", utf8("1")],
        ["b", utf8("1")],
        ["a", utf8("2")],
        ["b", undefined],
      ]);
      expect(await open().get("a")).toEqual(utf8("2"));
      expect(await open().keys("")).toEqual(["a"]);
    });

    it("returns the keys of a prefix, sorted", async () => {
      const { open } = create();
      const all = ["b/1", "a-1", "a/2", "a/10", "a/1", "a", "aa/1", "a/1/x"];
      await open().write(all.map((key) => [key, utf8(key)]));
      expect(await open().keys("a/")).toEqual(["a/1", "a/1/x", "a/10", "a/2"]);
      expect(await open().keys("")).toEqual(all.toSorted());
      expect(await open().keys("c")).toEqual([]);
    });

    it("makes all changes or none", async () => {
      const { open } = create();
      const storage = open();
      await storage.write([["a", utf8("before")]]);
      function* failing() {
        yield ["a", utf8("after")] as const;
        yield ["b", utf8("after")] as const;
        throw new Error("the changes end");
      }
      await expect(storage.write(failing())).rejects.toThrow("the changes end");
      for (const invalid of [
        ["b", "text"],
        ["b", null],
        ["B", utf8("b")],
        ["../b", utf8("b")],
        [""],
      ])
        await expect(
          storage.write([["a", utf8("after")], invalid as never]),
        ).rejects.toBeInstanceOf(ValidationError);
      expect(await open().get("a")).toEqual(utf8("before"));
      expect(await open().keys("")).toEqual(["a"]);
    });

    it("keeps the order of writes that are not awaited", async () => {
      const { open } = create();
      const storage = open();
      const big = new Uint8Array(200_000);
      const writes = [big, utf8("2"), big, utf8("4")].map((value) =>
        storage.write([
          ["a", value],
          ["b", value],
        ]),
      );
      expect(await storage.get("a")).toEqual(utf8("4"));
      await Promise.all(writes);
      expect(await open().get("b")).toEqual(utf8("4"));
    });

    it("stores copies of values", async () => {
      const storage = create().open();
      const value = utf8("abc");
      const written = storage.write([["a", value]]);
      value.fill(0);
      await written;
      (await storage.get("a"))!.fill(0);
      expect(await storage.get("a")).toEqual(utf8("abc"));
    });

    it("returns the device that was stored last", async () => {
      const { open } = create();
      const release = await open().lock(lockOptions());
      await release();
      const storage = open();
      const unlock = await storage.lock(lockOptions());
      expect(await storage.loadDevice()).toBeUndefined();
      const { needsExport: extractable } = storage;
      for (let count = 0; count < 2; count++) {
        const device = await Device.generate({ user_id: 2 ** 40 + count, extractable });
        await storage.saveDevice(device);
        const loaded = (await open().loadDevice())!;
        expect(loaded.user_id).toBe(device.user_id);
        expect(loaded.id).toBe(device.id);
        await storage.saveDevice(loaded);
      }
      expect(await storage.keys("")).toEqual([]);
      await unlock();
    });

    it("contains no plaintext, no earlier value and no private key", async ({ skip }) => {
      const { open, dump = skip() } = create();
      const storage = open();
      const unlock = await storage.lock(lockOptions());
      await storage.write([
        ["a", utf8(`${CANARY} 1`)],
        ["b", utf8(`${CANARY} 2`)],
      ]);
      const before = await dump();
      await storage.write([
        ["a", utf8("another")],
        ["b", undefined],
      ]);
      const { needsExport: extractable } = storage;
      const device = await Device.generate({ user_id: 7, extractable });
      await storage.saveDevice(device);
      const after = await dump();
      for (const contents of [before, after]) {
        expect(contents.length).toBeGreaterThan(60);
        for (const text of [CANARY, globalThis.btoa(CANARY).slice(0, 32)])
          expect(contents).not.toContain(text);
      }
      if (extractable) expect(after).not.toContain(String.fromCharCode(...device.export()));
      await unlock();
    });

    it("does not return a value under another key", async ({ skip }) => {
      const { open, copy = skip() } = create();
      const storage = open();
      await storage.write([["a", utf8("1")]]);
      await copy("a", "b");
      expect(await storage.keys("")).toEqual(["a", "b"]);
      await expect(storage.get("b")).rejects.toThrow("is damaged: ");
      expect(await storage.get("a")).toEqual(utf8("1"));
    });

    it("removes the device and all values", async () => {
      const { open, dump } = create();
      const storage = open();
      await storage.write([["a", utf8("1")]]);
      await storage.saveDevice(await Device.generate({ user_id: 7, extractable: true }));
      await storage.clear();
      if (dump !== undefined) expect((await dump()).length).toBeLessThan(10);
      for (const each of [storage, open()]) {
        expect(await each.loadDevice()).toBeUndefined();
        expect(await each.keys("")).toEqual([]);
        expect(await each.get("a")).toBeUndefined();
      }
      await storage.write([["a", utf8("2")]]);
      expect(await open().get("a")).toEqual(utf8("2"));
    });

    it("is used by one program at a time", async () => {
      const { open } = create();
      const release = await open().lock(lockOptions());
      const onWait = vi.fn();
      const abort = new AbortController();
      const aborted = open().lock(lockOptions({ signal: abort.signal }));
      let hasSecond = false;
      const second = open()
        .lock(lockOptions({ onWait }))
        .then((unlock) => {
          hasSecond = true;
          return unlock;
        });
      await vi.waitUntil(() => onWait.mock.calls.length === 1, { timeout: 30_000 });
      abort.abort();
      await expect(aborted).rejects.toMatchObject({ name: "AbortError" });
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(hasSecond).toBe(false);
      await release();
      await (await second)();
    });
  });
}
