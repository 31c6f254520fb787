import { fork } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { mlsFileStorage } from "../../src/client/node/index.js";
import { Device } from "../../src/mls/index.js";
import { utf8 } from "../support/hex.js";
import { describeMlsStorage, lockOptions } from "./mls-storage-contract.js";

const root = mkdtempSync(join(tmpdir(), "lacre-mls-file-storage-"));
let count = 0;
const newFolder = () => join(root, String(count++));
afterAll(() => rmSync(root, { recursive: true }));

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());

describeMlsStorage("mlsFileStorage", () => {
  const folder = newFolder();
  return {
    open: () => mlsFileStorage(folder),
    dump: async () =>
      filesIn(folder)
        .filter((path) => !path.endsWith("lock"))
        .map((path) => path.slice(root.length) + readFileSync(path, "latin1"))
        .join("\n"),
    copy: async (from, to) =>
      copyFileSync(join(folder, "mls/values", from), join(folder, "mls/values", to)),
  };
});

/** Writes the same number in four keys, again and again, and sends it to its parent when it is stored. */
const WRITER = `
  import { mlsFileStorage } from ${JSON.stringify(new URL("../../dist/client/node/index.js", import.meta.url).href)};
  const [folder, first] = process.argv.slice(2);
  const storage = mlsFileStorage(folder);
  const { signal } = new AbortController();
  await storage.lock({ signal, steal: false, onWait() {}, onLost() {} });
  for (let number = Number(first); ; number++) {
    const value = new Uint8Array(20_000);
    new DataView(value.buffer).setFloat64(0, number);
    // Half of the numbers have a fifth key.
    await storage.write([
      ...["a", "b/1", "b/2", "c"].map((key) => [key, value]),
      ["odd", number % 2 === 1 ? value : undefined],
    ]);
    process.send(number);
  }
`;

describe("mlsFileStorage", () => {
  it("does nothing more after another process took the lock while this one was suspended", async () => {
    const folder = newFolder();
    const storage = mlsFileStorage(folder);
    let lost = 0;
    const release = await storage.lock(lockOptions({ onLost: () => (lost += 1) }));
    await storage.write([["a", utf8("before")]]);
    writeFileSync(join(folder, "mls/lock"), '{"pid":1,"id":"of another process"}');
    await expect(storage.write([["a", utf8("late")]])).rejects.toThrow("another process");
    await expect(storage.get("a")).rejects.toThrow("another process");
    expect(lost).toBeGreaterThan(0);
    await release();
    expect(await mlsFileStorage(folder).get("a")).toEqual(utf8("before"));
  });

  it("makes all changes or none in a process that is killed", async () => {
    const folder = newFolder();
    const script = join(root, "writer.mjs");
    writeFileSync(script, WRITER);
    let found = 0;
    for (let round = 0; round < 6; round++) {
      const writer = fork(script, [folder, String(found + 1)]);
      let stored = 0;
      writer.on("message", (number: number) => {
        stored = number;
      });
      await once(writer, "message");
      await sleep(10 + round * 3.7);
      writer.kill("SIGKILL");
      await once(writer, "close");

      const storage = mlsFileStorage(folder);
      const release = await storage.lock(lockOptions());
      const keys = await storage.keys("");
      const numbers = [];
      for (const key of keys) {
        const { buffer, byteOffset } = (await storage.get(key))!;
        numbers.push(new DataView(buffer, byteOffset).getFloat64(0));
      }
      found = numbers[0]!;
      expect(new Set(numbers)).toEqual(new Set([found]));
      expect(keys).toEqual(["a", "b/1", "b/2", "c", ...(found % 2 === 1 ? ["odd"] : [])]);
      expect(found).toBeGreaterThanOrEqual(stored);
      expect(found).toBeLessThanOrEqual(stored + 1);
      await release();
    }
  });

  it("completes a write that was interrupted", async () => {
    const folder = newFolder();
    const storage = mlsFileStorage(folder);
    const values = join(folder, "mls/values");
    await storage.write([["a", utf8("before")]]);
    // A folder, where the file is to be.
    mkdirSync(join(values, "b"));
    const changes = [
      ["a", utf8("after")],
      ["b", utf8("after")],
      ["c", utf8("after")],
    ] as const;
    await expect(storage.write(changes)).rejects.toMatchObject({ syscall: "rename" });
    await expect(storage.get("a")).rejects.toMatchObject({ syscall: "rename" });
    rmdirSync(join(values, "b"));
    for (const each of [storage, mlsFileStorage(folder)])
      for (const [key, value] of changes) expect(await each.get(key)).toEqual(value);
    expect(readdirSync(join(folder, "mls")).sort()).toEqual(["key", "values"]);
  });

  it("ignores and removes files that were not written completely", async () => {
    const folder = newFolder();
    await mlsFileStorage(folder).write([["a", utf8("a")]]);
    const left = ["journal.part", "device.part", "values/a.part", "values/b.part"];
    for (const name of left) writeFileSync(join(folder, "mls", name), "incomplete");
    const storage = mlsFileStorage(folder);
    expect(await storage.keys("")).toEqual(["a"]);
    expect(await storage.get("a")).toEqual(utf8("a"));
    expect(await storage.loadDevice()).toBeUndefined();
    expect(filesIn(folder).filter((path) => path.endsWith(".part"))).toEqual([]);
  });

  it("completes a removal that was interrupted", async () => {
    const folder = newFolder();
    const first = mlsFileStorage(folder);
    await first.write([["a", utf8("a")]]);
    await first.saveDevice(await Device.generate({ user_id: 7, extractable: true }));
    rmSync(join(folder, "mls/key"));
    const storage = mlsFileStorage(folder);
    expect(await storage.loadDevice()).toBeUndefined();
    expect(await storage.keys("")).toEqual([]);
    await storage.write([["b", utf8("b")]]);
    expect(await mlsFileStorage(folder).get("b")).toEqual(utf8("b"));
  });

  it.each(["key", "device", "journal", "values/a_1"])(
    "names the file if %s is damaged",
    async (name) => {
      const folder = newFolder();
      const first = mlsFileStorage(folder);
      await first.write([["a/1", utf8("a")]]);
      await first.saveDevice(await Device.generate({ user_id: 7, extractable: true }));
      const path = join(folder, "mls", name);
      if (name === "journal") writeFileSync(path, new Uint8Array(99));
      for (const length of [31, 1, 0]) {
        truncateSync(path, length);
        const storage = mlsFileStorage(folder);
        const reading = name === "device" ? storage.loadDevice() : storage.get("a/1");
        await expect(reading).rejects.toThrow(
          `${path} is damaged: remove the folder ${join(folder, "mls")}, `,
        );
      }
    },
  );

  it("creates files that only their owner can read", async () => {
    const folder = newFolder();
    const storage = mlsFileStorage(folder);
    await storage.write([
      ["a", utf8("a")],
      ["b", utf8("b")],
    ]);
    await storage.saveDevice(await Device.generate({ user_id: 7, extractable: true }));
    const files = filesIn(folder);
    expect(files).toHaveLength(4);
    expect(new Set(files.map((path) => statSync(path).mode & 0o777))).toEqual(new Set([0o600]));
    expect(statSync(join(folder, "mls")).mode & 0o777).toBe(0o700);
  });

  it("rejects a device whose key cannot be exported", async () => {
    const device = await Device.generate({ user_id: 7 });
    await expect(mlsFileStorage(newFolder()).saveDevice(device)).rejects.toMatchObject({
      code: "ERR_KEY",
    });
  });
});
