import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChatKey } from "lacre/e2e";
import { afterAll, describe, expect, it } from "vitest";
import { type DeliveryStore, storesInMemory } from "../src/index.js";
import { FileDraft, loginInFile, storesInFiles, writeFile } from "../src/node/index.js";

const folder = mkdtempSync(join(tmpdir(), "lacre-stores-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const KEPT = { history: true, keys: true };
const message = (seq: number, timestamp = 1000) => ({
  chat_id: 1,
  sender_id: 2,
  seq,
  timestamp,
  nonce: new Uint8Array(12).fill(seq),
  content: new Uint8Array(32).fill(seq),
});
const key_check = new Uint8Array(16);
const ALL = { before: 100, limit: 100 };

/** Opens the stores as the next run of the program does. */
const open = (name: string, kept = KEPT) => storesInFiles(join(folder, name), kept);

async function seqs(name: string): Promise<(number | undefined)[]> {
  const list = await open(name).deliveries.messages(1, ALL);
  return list.map(({ seq }) => seq);
}

describe("deliveries in files", () => {
  it("lists each message up to the cursor once and in order", async () => {
    const { deliveries } = open("order");
    await deliveries.moveCursor(1, { from: 0, to: 2 }, [message(1), message(2)]);
    await deliveries.moveCursor(1, { from: 2, to: 3 }, [message(3)]);
    await open("order").deliveries.keep(1, [message(2), message(3)]);
    expect(await seqs("order")).toEqual([1, 2, 3]);
    expect(await open("order").deliveries.cursor(1)).toBe(3);
    expect(await open("order").deliveries.messages(1, { before: 3, limit: 1 })).toEqual([
      message(2),
    ]);
    expect(await open("order").deliveries.cursor(2)).toBeUndefined();
  });

  it("lists no message past the cursor, and reads the lines after a torn line", async () => {
    await open("torn").deliveries.moveCursor(1, { from: 0, to: 1 }, [message(1)]);
    // A program may end after it stored the message and before it stored the cursor.
    await open("torn").deliveries.keep(1, [message(2)]);
    appendFileSync(join(folder, "torn/history/1.jsonl"), '\n{"chat_id":1,"sender');
    expect(await seqs("torn")).toEqual([1]);
    await open("torn").deliveries.moveCursor(1, { from: 1, to: 3 }, [message(2), message(3)]);
    expect(await seqs("torn")).toEqual([1, 2, 3]);
  });

  it("stores a message once that two programs receive, and does not move the cursor back", async () => {
    for (const pair of [
      [open("two").deliveries, open("two").deliveries],
      Array(2).fill(storesInMemory().deliveries),
    ]) {
      const [one, other] = pair as [DeliveryStore, DeliveryStore];
      await one.moveCursor(1, { from: 0, to: 1 }, [message(1)]);
      await one.moveCursor(1, { from: 1, to: 3 }, [message(2), message(3)]);
      await other.moveCursor(1, { from: 0, to: 1 }, [message(1)]);
      await other.moveCursor(1, { from: 1, to: 2 }, [message(2)]);
      expect(await one.cursor(1)).toBe(3);
      await other.moveCursor(1, { from: 3, to: 4 }, [message(4)]);
      await one.moveCursor(1, { from: 3, to: 4 }, [message(4)]);
      expect((await one.messages(1, ALL)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    }
  });

  it("removes messages past the cursor of a rewound chat, and stores those that replace them", async () => {
    const { deliveries } = open("rewound");
    await deliveries.moveCursor(1, { from: 0, to: 3 }, [message(1), message(2), message(3)]);
    await deliveries.moveCursor(1, { from: 3, to: 1 }, []);
    expect(await seqs("rewound")).toEqual([1]);
    await deliveries.moveCursor(1, { from: 1, to: 2 }, [{ ...message(2), timestamp: 2000 }]);
    expect(await open("rewound").deliveries.messages(1, ALL)).toMatchObject([
      { seq: 1 },
      { seq: 2, timestamp: 2000 },
    ]);
  });

  it("removes expired messages by the time when the server stored them", async () => {
    const stored = [
      { ...message(1, 5000), stored_at: 20 },
      { ...message(2, 5), stored_at: 20.001 },
    ];
    await open("expired").deliveries.moveCursor(1, { from: 0, to: 2 }, stored);
    await open("expired").deliveries.expire(1, 20);
    expect(await seqs("expired")).toEqual([2]);
  });
});

it("removes history and keys that are not to be kept, but not the cursors and the outbox", async () => {
  const stores = open("choice");
  await stores.deliveries.moveCursor(1, { from: 0, to: 1 }, [message(1)]);
  await stores.outbox.add({ ...message(1), client_id: crypto.randomUUID(), key_check });
  await stores.keys.put(1, await ChatKey.from(new Uint8Array(32).fill(7), { extractable: true }));
  expect((await open("choice").keys.get(1))!.check).toBeInstanceOf(Uint8Array);

  const { keys, deliveries, outbox } = open("choice", { history: false, keys: false });
  expect(await keys.get(1)).toBeUndefined();
  expect(existsSync(join(folder, "choice/history"))).toBe(false);
  expect(existsSync(join(folder, "choice/keys"))).toBe(false);
  expect(await deliveries.cursor(1)).toBe(1);
  expect(await outbox.list()).toHaveLength(1);
});

it("writes files that only their owner can read", () => {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" });
  expect(paths.length).toBeGreaterThan(10);
  for (const path of paths) {
    const { mode } = statSync(join(folder, path));
    expect(mode & 0o077, path).toBe(0);
  }
});

it("names a damaged file in the error", async () => {
  const stores = open("damaged");
  await stores.outbox.add({ ...message(1), client_id: crypto.randomUUID(), key_check });
  const [name] = readdirSync(join(folder, "damaged/outbox"));
  rmSync(join(folder, "damaged/outbox", name!));
  appendFileSync(join(folder, "damaged/outbox", name!), "{");
  await expect(open("damaged").outbox.list()).rejects.toThrow(`${name} is damaged`);
});

describe("files that are symbolic links", () => {
  const path = (name: string) => join(folder, "links", name);
  const login = {
    ...{ server: "http://127.0.0.1:1", user_id: 1, username: "alice" },
    ...{ access_token: "a", refresh_token: "r", session_key: new Uint8Array(32).fill(1) },
  };

  it("stay links when they are written; removing one removes its target", async () => {
    mkdirSync(path("dotfiles"), { recursive: true, mode: 0o700 });
    symlinkSync("dotfiles/login.json", path("login.json"));
    const store = loginInFile(path("login.json"));
    await store.write(login);
    await store.write(login);
    expect(lstatSync(path("login.json")).isSymbolicLink()).toBe(true);
    expect(statSync(path("dotfiles/login.json")).mode & 0o777).toBe(0o600);
    expect(await store.read()).toMatchObject({ access_token: "a" });
    await store.remove();
    expect(existsSync(path("dotfiles/login.json"))).toBe(false);
    await store.write(login);
    expect(await store.read()).toMatchObject({ access_token: "a" });
    rmSync(path("login.json"));
  });

  it("can lead to a folder", async () => {
    symlinkSync("dotfiles/outbox", path("outbox"));
    const stores = storesInFiles(path(""), KEPT);
    await stores.outbox.add({ ...message(1), client_id: crypto.randomUUID(), key_check });
    expect(readdirSync(path("dotfiles/outbox"))).toHaveLength(1);
    expect(await storesInFiles(path(""), KEPT).outbox.list()).toHaveLength(1);
  });
});

it("writes to a device instead of replacing it", () => {
  writeFile("/dev/null", "text");
  expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  expect(() => writeFile("/dev/full", "text")).toThrow("ENOSPC");
});

it("leaves the previous file, and no draft, if a new one is discarded", () => {
  const path = join(folder, "draft.json");
  writeFile(path, "before");
  const draft = new FileDraft(path);
  draft.write("aft");
  expect(readFileSync(path, "utf8")).toBe("before");
  draft.discard();
  expect(readdirSync(folder).filter((name) => name.startsWith("draft"))).toEqual(["draft.json"]);
});
