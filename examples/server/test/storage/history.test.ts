import { randomBytes } from "node:crypto";
import { setImmediate, setTimeout } from "node:timers/promises";
import type { Kysely } from "kysely";
import { makeHistoryKey } from "lacre/mls";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Schema } from "../../src/database/schema.js";
import type { Store } from "../../src/database/store.js";
import { addEntry } from "../../src/devices/add-entry.js";
import { publishHistoryKey, writeChunk } from "../../src/devices/history.js";
import type { ActiveSession } from "../../src/identity/sessions.js";
import { type ApiUser, DeviceAccount } from "../device-account.js";
import { HistoryAccount } from "../history-account.js";
import { onEachDatabase } from "./databases.js";
import { StorageFixture } from "./fixture.js";
import { createUser } from "./rows.js";

const UNLIMITED = 2 ** 40;

onEachDatabase("the history of a user", (kind) => {
  let fixture: StorageFixture;
  let db: Kysely<Schema>;
  let users = 0;
  beforeAll(async () => {
    fixture = await StorageFixture.create(kind);
    db = fixture.database();
  });
  afterAll(async () => {
    await db.destroy();
    await fixture.remove();
  });

  /** Creates a user with one device, whose history is on. */
  async function withHistory() {
    users += 1;
    const { id: user_id } = await createUser(fixture.store, `user-${users}`);
    const session = { session_id: new Uint8Array(randomBytes(16)), user_id } as ActiveSession;
    const times = { created_at: 0, expires_at: Date.now() / 1000 + 60 };
    const row = { id: session.session_id, user_id, refresh_id: session.session_id, ...times };
    await fixture.store.sessions.create(row);
    const account = await DeviceAccount.make({ id: user_id } as ApiUser);
    await addEntry(fixture.store, session, account.log.entries[0]!.bytes);
    const history = await HistoryAccount.of(account as DeviceAccount);
    const bytes = await makeHistoryKey(account.recoveryKey, user_id);
    const to = history.key.id;
    await publishHistoryKey(fixture.store, user_id, to, bytes);
    const position = { device: account.first.id, chat_id: 42 };
    const write = async (
      first_seq: number,
      { length = 4, maxBytes = UNLIMITED, store = fixture.store } = {},
    ) => {
      const chunk = await history.chunk(first_seq, 42, length);
      await writeChunk(store, session, { to, ...position, first_seq, maxBytes }, chunk);
      return chunk.length;
    };
    return {
      user_id,
      history,
      bytes,
      write,
      at: (first_seq: number) => ({ user_id, ...position, first_seq }),
    };
  }

  const storedBytes = async (user_id: number) =>
    (await fixture.store.history.findKey(user_id))?.stored_bytes;
  const chunksOf = (user_id: number) =>
    db.selectFrom("history_chunks").selectAll().where("user_id", "=", user_id).execute();

  it("may have as many bytes as the quota, and not one more", async () => {
    const { user_id, write } = await withHistory();
    const first = await write(1, { length: 5000 });
    const second = await write(2);
    const rejected = { status: 403, code: "ERR_QUOTA_EXCEEDED" };
    const third = { length: 4, maxBytes: first + 2 * second - 1 };
    await expect(write(3, third)).rejects.toMatchObject(rejected);
    expect(await storedBytes(user_id)).toBe(first + second);
    await write(3, { ...third, maxBytes: first + 2 * second });
    expect(await storedBytes(user_id)).toBe(first + 2 * second);
    // A chunk counts once, also if it is written again.
    await write(3, { ...third, maxBytes: first + 2 * second });
    expect(await chunksOf(user_id)).toHaveLength(3);
  });

  it("does not exceed the quota if two instances write simultaneously", async () => {
    const { user_id, write } = await withHistory();
    const length = await write(1);
    const stores = [fixture.store, fixture.open()];
    const maxBytes = 8 * length;
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, at) => write(2 + at, { maxBytes, store: stores[at % 2]! })),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(7);
    expect(await chunksOf(user_id)).toHaveLength(8);
    expect(await storedBytes(user_id)).toBe(maxBytes);
  });

  it("counts the bytes of chunks that two instances replace and delete simultaneously", async () => {
    const { user_id, write, at } = await withHistory();
    const stores = [fixture.store, fixture.open()];
    const remove = (store: Store, first_seq: number) =>
      store.transaction(async (inside) => {
        await inside.devices.lock([user_id]);
        await inside.history.delete(at(first_seq));
      });
    await Promise.all(
      stores.flatMap((store) =>
        Array.from({ length: 15 }, async (_, index) => {
          await write(1 + (index % 3), { store, length: 1 + index * 300 });
          if (index % 4 === 0) await remove(store, 1 + (index % 3));
        }),
      ),
    );
    const chunks = await chunksOf(user_id);
    const sum = chunks.reduce((total, { chunk }) => total + chunk.length, 0);
    expect(await storedBytes(user_id)).toBe(sum);
  });

  it("gives each chunk that is written an id greater than all before, also after a deletion", async () => {
    const { user_id, write, at } = await withHistory();
    const newest = async () => Math.max(...(await chunksOf(user_id)).map(({ id }) => id));
    let last = 0;
    for (const first_seq of [1, 2, 3, 2, 1, 3]) {
      await write(first_seq);
      expect(await newest()).toBeGreaterThan(last);
      last = await newest();
      if (first_seq === 3) await fixture.store.history.delete(at(3));
    }
  });

  it("loses nothing for a reader that pages while two instances write", async () => {
    const { user_id, write } = await withHistory();
    const stores = [fixture.store, fixture.open()];
    for (let first_seq = 1; first_seq <= 12; first_seq++) await write(first_seq);
    const seen = new Map<number, Uint8Array>();
    let [after, isWriting] = [0, true];
    const read = async (): Promise<number> => {
      const found = await fixture.store.history.list(user_id, { after, limit: 3 });
      for (const { id, chunk } of found) {
        seen.set(Number(Buffer.from(chunk).readBigUInt64BE(65)), chunk);
        after = id;
      }
      return found.length;
    };
    const reading = (async () => {
      for (; isWriting; await setImmediate()) await read();
    })();
    try {
      await Promise.all(
        stores.map(async (store, offset) => {
          for (let round = 0; round < 24; round++)
            await write(1 + ((5 * round + 7 * offset) % 12), { store, length: 1 + round * 100 });
        }),
      );
    } finally {
      isWriting = false;
      await reading;
    }
    while ((await read()) > 0);
    const last = (await chunksOf(user_id)).map(({ first_seq, chunk }) => [first_seq, chunk]);
    expect(last).toHaveLength(12);
    expect(seen).toEqual(new Map(last as [number, Uint8Array][]));
  });

  // On SQLite, the wait for another transaction blocks the process.
  it.runIf(kind === "postgresql")(
    "takes an id only when no other change is in flight",
    async () => {
      const { user_id, write } = await withHistory();
      let isReleased = false;
      let writing: Promise<boolean> | undefined;
      await fixture.store.transaction(async (inside) => {
        await inside.devices.lock([user_id]);
        writing = write(1, { store: fixture.open() }).then(() => isReleased);
        await setTimeout(300);
        isReleased = true;
      });
      expect(await writing).toBe(true);
    },
  );

  it("is deleted with its key, and begins empty with another one", async () => {
    const { user_id, history, bytes, write } = await withHistory();
    await write(1);
    const to = history.key.id;
    await publishHistoryKey(fixture.store, user_id, to, bytes);
    expect(await chunksOf(user_id)).toHaveLength(1);
    const other = { key_id: "0".repeat(32), history_key: bytes };
    await fixture.store.transaction((inside) => inside.history.replaceKey(user_id, other));
    expect(await chunksOf(user_id)).toEqual([]);
    expect(await storedBytes(user_id)).toBe(0);
    await expect(write(1)).rejects.toMatchObject({ status: 404, code: "ERR_HISTORY_NOT_FOUND" });
    await publishHistoryKey(fixture.store, user_id, to, bytes);
    await write(1);
    await fixture.store.history.deleteKey(user_id);
    expect(await chunksOf(user_id)).toEqual([]);
    expect(await storedBytes(user_id)).toBeUndefined();
  });
});
