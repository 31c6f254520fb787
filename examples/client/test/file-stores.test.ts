import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChatKey } from "lacre/e2e";
import { afterAll, describe, expect, it } from "vitest";
import { storesInFiles } from "../src/node/index.js";

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
const ALL = { before: 100, limit: 100 };

/** The stores as the next run of the program finds them. */
const open = (name: string, kept = KEPT) => storesInFiles(join(folder, name), kept);

async function seqs(name: string): Promise<(number | undefined)[]> {
  const list = await open(name).deliveries.list(1, ALL);
  return list.map(({ seq }) => seq);
}

describe("what was handed over", () => {
  it("is there with its cursor, once and in order", async () => {
    const { deliveries } = open("order");
    await deliveries.advance(1, 2, [message(1), message(2)]);
    await deliveries.advance(1, 3, [message(3)]);
    await open("order").deliveries.keep(1, [message(2), message(3)]);
    expect(await seqs("order")).toEqual([1, 2, 3]);
    expect(await open("order").deliveries.cursor(1)).toBe(3);
    expect(await open("order").deliveries.list(1, { before: 3, limit: 1 })).toEqual([message(2)]);
    expect(await open("order").deliveries.cursor(2)).toBeUndefined();
  });

  it("is not there before its cursor is, and a torn line spoils none that follows", async () => {
    await open("torn").deliveries.advance(1, 1, [message(1)]);
    // As a program leaves it that dies between the two.
    await open("torn").deliveries.keep(1, [message(2)]);
    appendFileSync(join(folder, "torn/history/1.jsonl"), '\n{"chat_id":1,"sender');
    expect(await seqs("torn")).toEqual([1]);
    await open("torn").deliveries.advance(1, 3, [message(2), message(3)]);
    expect(await seqs("torn")).toEqual([1, 2, 3]);
  });

  it("goes where a chat is rewound, and what comes in its place stays", async () => {
    const { deliveries } = open("rewound");
    await deliveries.advance(1, 3, [message(1), message(2), message(3)]);
    await deliveries.rewind(1, 1);
    expect(await seqs("rewound")).toEqual([1]);
    await deliveries.advance(1, 2, [{ ...message(2), timestamp: 2000 }]);
    expect(await open("rewound").deliveries.list(1, ALL)).toMatchObject([
      { seq: 1 },
      { seq: 2, timestamp: 2000 },
    ]);
  });

  it("goes when it expires", async () => {
    await open("expired").deliveries.advance(1, 2, [message(1, 10), message(2, 20)]);
    await open("expired").deliveries.expire(1, 20);
    expect(await seqs("expired")).toEqual([2]);
  });
});

it("what is not to be kept is removed, and the cursor and the outbox are not", async () => {
  const stores = open("choice");
  await stores.deliveries.advance(1, 1, [message(1)]);
  await stores.outbox.add({ ...message(1), client_id: crypto.randomUUID() });
  await stores.keys.put(1, await ChatKey.from(new Uint8Array(32).fill(7), { extractable: true }));
  expect((await open("choice").keys.get(1))!.check).toBeInstanceOf(Uint8Array);

  const { keys, deliveries, outbox } = open("choice", { history: false, keys: false });
  expect(await keys.get(1)).toBeUndefined();
  expect(existsSync(join(folder, "choice/history"))).toBe(false);
  expect(existsSync(join(folder, "choice/keys"))).toBe(false);
  expect(await deliveries.cursor(1)).toBe(1);
  expect(await outbox.list()).toHaveLength(1);
});

it("nobody else reads any of it", () => {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" });
  expect(paths.length).toBeGreaterThan(10);
  for (const path of paths) {
    const { mode } = statSync(join(folder, path));
    expect(mode & 0o077, path).toBe(0);
  }
});

it("what is damaged is named", async () => {
  const stores = open("damaged");
  await stores.outbox.add({ ...message(1), client_id: crypto.randomUUID() });
  const [name] = readdirSync(join(folder, "damaged/outbox"));
  rmSync(join(folder, "damaged/outbox", name!));
  appendFileSync(join(folder, "damaged/outbox", name!), "{");
  await expect(open("damaged").outbox.list()).rejects.toThrow(`${name} is damaged`);
});
