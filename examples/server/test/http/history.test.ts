import { makeEntry, RecoveryKey } from "lacre/mls";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { HistoryQueries } from "../../src/database/history-queries.js";
import { base64, DeviceAccount } from "../device-account.js";
import { HistoryAccount } from "../history-account.js";
import { TestServer } from "../support.js";

const server = new TestServer(undefined, { QUOTA_HISTORY_MIB: "1", RATE_LIMIT_USER: "10000" });
beforeAll(async () => {
  await server.start();
});
afterAll(() => server.remove());

const rejected = (status: number, error_code: string) => ({ status, body: { error_code } });
const OFF = rejected(404, "ERR_HISTORY_NOT_FOUND");

let users = 0;
async function account(): Promise<DeviceAccount> {
  users += 1;
  return DeviceAccount.begin(await server.register(`user${users}`));
}

describe("the history key", () => {
  it("is published once, and is deleted with all chunks", async () => {
    const alice = await account();
    const history = await HistoryAccount.of(alice);
    expect((await alice.user.get("/history")).body).toEqual({});
    expect((await history.publish()).status).toBe(204);
    await history.write(1);
    expect((await history.publish()).status).toBe(204);
    expect(await history.ids()).toHaveLength(1);
    const { history_key } = (await alice.user.get("/history")).body;
    expect(Buffer.from(history_key, "base64")).toHaveLength(1308);
    for (let time = 0; time < 2; time++)
      expect((await alice.user.delete(`/history/${history.key.id}`)).status).toBe(204);
    expect(await history.list()).toMatchObject(OFF);
    expect((await alice.user.get("/history")).body).toEqual({});
  });

  it("of a new recovery key replaces the earlier one with its chunks", async () => {
    const alice = await account();
    const before = await HistoryAccount.on(alice);
    await before.write(1);
    const next = await RecoveryKey.generate();
    const change = { op: "recovery", signer: alice.recoveryKey, recoveryKey: next } as const;
    await alice.extend(await makeEntry(alice.log, { ...change, now: Date.now() / 1000 }));
    expect(await before.publish()).toMatchObject(rejected(422, "ERR_VALIDATION"));
    const after = await HistoryAccount.on(Object.assign(alice, { recoveryKey: next }));
    expect(await after.ids()).toEqual([]);
    expect(await before.list()).toMatchObject(OFF);
    expect(await before.write(2)).toMatchObject(OFF);
    expect((await alice.user.delete(`/history/${before.key.id}`)).status).toBe(204);
    expect((await after.list()).status).toBe(200);
  });

  it("of another user, at another path, or without a device log is rejected", async () => {
    const [alice, bob] = [await account(), await account()];
    const history = await HistoryAccount.of(alice);
    const invalid = rejected(422, "ERR_VALIDATION");
    expect(await history.publish(bob.user)).toMatchObject(invalid);
    expect(await history.publish(alice.user, "0".repeat(32))).toMatchObject(invalid);
    expect(await history.publish(await server.register("no-devices"))).toMatchObject(invalid);
  });
});

describe("a chunk", () => {
  it("is listed by ascending id, 4 at a time, and has a new id after it is replaced", async () => {
    const history = await HistoryAccount.on(await account());
    for (let seq = 1; seq <= 5; seq++) await history.write(seq);
    const first = await history.list();
    expect(first.body).toMatchObject({ has_more: true });
    const last = first.body.chunks.at(-1).chunk_id;
    await history.write(5);
    // A reader that was at the end reads a chunk that was written again.
    await history.write(2);
    const second = await history.list(last);
    expect(second.body).toMatchObject({ has_more: false });
    expect(second.body.chunks).toHaveLength(2);
    await history.write(2);
    const newest = second.body.chunks.at(-1).chunk_id;
    expect((await history.list(newest)).body.chunks).toHaveLength(1);
    const ids = await history.ids();
    expect(ids).toEqual([...new Set(ids)].sort((one, other) => one - other));
    expect(ids).toHaveLength(5);
  });

  it("is not missed by a reader while it is written again", async () => {
    const history = await HistoryAccount.on(await account());
    const { user } = history.account;
    const seqs = Array.from({ length: 9 }, (_, at) => at + 1);
    const write = async (seq: number) => {
      const chunk = base64(await history.chunk(seq));
      expect((await user.put(history.path(seq), { chunk })).status).toBe(204);
      return chunk;
    };
    for (const seq of seqs) await write(seq);
    const last = new Set<string>();
    const writes = (async () => {
      for (const seqsAgain of [seqs, [...seqs].reverse(), seqs]) {
        last.clear();
        // Several at the same time, so that transactions overlap.
        for (let at = 0; at < seqsAgain.length; at += 3) {
          const written = await Promise.all(seqsAgain.slice(at, at + 3).map(write));
          for (const chunk of written) last.add(chunk);
        }
      }
    })();
    const read = new Set<string>();
    let [isWriting, after] = [true, 0];
    void writes.finally(() => {
      isWriting = false;
    });
    // Like a reader that goes on from the last id that it has seen.
    for (let isEnd = false; !isEnd; ) {
      const wasWriting = isWriting;
      const { body } = await history.list(after);
      for (const { chunk_id, chunk } of body.chunks) {
        expect(chunk_id).toBeGreaterThan(after);
        after = chunk_id;
        read.add(chunk);
      }
      isEnd = !wasWriting && !body.has_more;
    }
    await writes;
    expect(last.size).toBe(seqs.length);
    expect([...last].filter((chunk) => !read.has(chunk))).toEqual([]);
  });

  it("is not listed for a key that another key replaces at the same time", async () => {
    const before = await HistoryAccount.on(await account());
    const alice = before.account;
    await before.write(1);
    const next = await RecoveryKey.generate();
    const change = { op: "recovery", signer: alice.recoveryKey, recoveryKey: next } as const;
    await alice.extend(await makeEntry(alice.log, { ...change, now: Date.now() / 1000 }));
    const after = await HistoryAccount.of(Object.assign(alice, { recoveryKey: next }));
    const { list } = HistoryQueries.prototype;
    vi.spyOn(HistoryQueries.prototype, "list").mockImplementationOnce(async function (
      this: HistoryQueries,
      ...given
    ) {
      await after.publish();
      await after.write(1);
      return list.apply(this, given);
    });
    expect(await before.list()).toMatchObject(OFF);
    vi.restoreAllMocks();
    expect(await after.ids()).toHaveLength(1);
  });

  it("is returned as it was written, and is deleted", async () => {
    const history = await HistoryAccount.on(await account());
    const { user } = history.account;
    const [chunk, pins] = [await history.chunk(7), await history.pins()].map(base64);
    expect((await user.put(history.path(7), { chunk })).status).toBe(204);
    expect((await user.put(history.path(0, 0), { chunk: pins })).status).toBe(204);
    expect((await history.list()).body.chunks).toMatchObject([{ chunk }, { chunk: pins }]);
    for (let time = 0; time < 2; time++)
      expect((await user.delete(history.path(7))).status).toBe(204);
    expect((await history.list()).body.chunks).toMatchObject([{ chunk: pins }]);
  });

  it("that is not of its path, its user or its device is rejected", async () => {
    const alice = await account();
    const history = await HistoryAccount.on(alice);
    const { user } = alice;
    const chunk = base64(await history.chunk(7));
    const invalid = rejected(422, "ERR_VALIDATION");
    expect(await user.put(history.path(8), { chunk })).toMatchObject(invalid);
    expect(await user.put(history.path(7, 43), { chunk })).toMatchObject(invalid);
    const bytes = await history.chunk(7);
    bytes[1200]! ^= 1;
    expect(await user.put(history.path(7), { chunk: base64(bytes) })).toMatchObject(invalid);
    const bobs = await HistoryAccount.on(await account());
    const ofBob = { chunk: base64(await bobs.chunk(7)) };
    expect(await user.put(history.path(7), ofBob)).toMatchObject(invalid);
    expect(await user.put(bobs.path(7), ofBob)).toMatchObject(OFF);
    expect(await user.delete(bobs.path(7))).toMatchObject(OFF);
    const stranger = history.path(7, 42, "0".repeat(32));
    expect(await user.put(stranger, { chunk })).toMatchObject(rejected(403, "ERR_FORBIDDEN"));
    for (const path of [history.path(-1), history.path(1.5), history.path(2 ** 53)])
      expect(await user.put(path, { chunk })).toMatchObject(OFF);
    expect(await history.ids()).toEqual([]);
  });

  it("of a removed device, or in the session of another device, is rejected", async () => {
    const alice = await account();
    const history = await HistoryAccount.on(alice);
    const second = await alice.addDevice();
    const forbidden = rejected(403, "ERR_FORBIDDEN");
    await history.write(1);
    const chunk = base64(await history.chunk(1, 42, 4, second));
    const path = history.path(1, 42, second.id);
    expect(await alice.user.put(path, { chunk })).toMatchObject(forbidden);
    const again = await server.login(`user${users}`);
    expect((await again.put(path, { chunk })).status).toBe(204);
    expect(await history.ids()).toHaveLength(2);
    const third = await server.login(`user${users}`);
    await alice.extend(await alice.removalOf(second));
    expect(await third.put(path, { chunk })).toMatchObject(forbidden);
    expect((await third.delete(path)).status).toBe(204);
  });
});

describe("the quota of a user's history", () => {
  it("counts the bytes of all chunks, also of those that are replaced and deleted", async () => {
    const history = await HistoryAccount.on(await account());
    const { user } = history.account;
    const [small, large] = [await history.chunk(1), await history.chunk(1, 42, 120_000)];
    const room = 2 ** 20;
    const count = Math.floor(room / large.length);
    for (let chat = 1; chat <= count; chat++)
      expect((await history.write(1, chat, 120_000)).status).toBe(204);
    const left = Math.floor((room - count * large.length) / small.length);
    for (let seq = 2; seq <= left + 1; seq++)
      expect((await history.write(seq, 1)).status).toBe(204);
    const full = rejected(403, "ERR_QUOTA_EXCEEDED");
    expect(await history.write(1000, 1)).toMatchObject(full);
    expect((await history.write(2, 1)).status).toBe(204);
    await user.delete(history.path(2, 1));
    expect((await history.write(1000, 1)).status).toBe(204);
    expect(await history.write(1001, 1)).toMatchObject(full);
    await history.write(1, 1);
    const freed = Math.floor((large.length - small.length) / small.length);
    const written = await Promise.all(
      Array.from({ length: freed + 20 }, (_, at) => history.write(2000 + at, 1)),
    );
    const statuses = written.map(({ status }) => status);
    // Also if they are written at the same time.
    expect(statuses.filter((status) => status === 204).length).toBeLessThanOrEqual(freed + 1);
    expect(statuses.filter((status) => status === 204).length).toBeGreaterThanOrEqual(freed);
  });
});
