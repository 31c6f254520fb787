import { type Kysely, sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/database/open-database.js";
import type { Schema } from "../../src/database/schema.js";
import { GroupCommit } from "../../src/database/sqlite/group-commit.js";
import { SqliteConnection } from "../../src/database/sqlite/sqlite-connection.js";
import { Store } from "../../src/database/store.js";
import { messageIn } from "../support.js";
import { StorageFixture } from "./fixture.js";
import { storeMessage } from "./store-message.js";

describe("on SQLite, simultaneous transactions", () => {
  let fixture: StorageFixture;
  let db: Kysely<Schema>;
  let store: Store;
  beforeEach(async () => {
    fixture = await StorageFixture.create("sqlite");
    db = openDatabase(fixture.scratch.config);
    store = new Store(db);
    fixture.stores.push(store);
  });
  afterEach(() => fixture.remove());

  const send = (to = store) => storeMessage(to, messageIn(fixture.chat.id, fixture.alice.id));
  const lastSeq = async () => (await store.chats.find(fixture.chat.id, fixture.bob.id))!.last_seq;
  const waitForEventLoop = async () => {
    for (let count = 0; count < 5; count++) await new Promise(setImmediate);
  };

  /** Starts a transaction that writes, and then waits for `finish` and calls `end`. */
  function startLong(end: (db: Kysely<Schema>) => Promise<unknown> = async () => {}) {
    let finish!: () => void;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const done = db.transaction().execute(async (inside) => {
      await send(new Store(inside));
      await finished;
      await end(inside);
    });
    return { finish, done };
  }

  it("resolve after their commit, and are not visible before", async () => {
    const { finish, done } = startLong();
    let isStored = false;
    const stored = send().then(() => {
      isStored = true;
    });
    await waitForEventLoop();
    expect(await lastSeq()).toBe(0);
    const [summary] = await store.chatsOfMember.list(fixture.bob.id, { limit: 9, offset: 0 });
    expect(summary).toMatchObject({ unread: 0, last_seq: 0 });
    expect(isStored).toBe(false);
    finish();
    await done;
    await stored;
    expect(await lastSeq()).toBe(2);
  });

  it("share one commit", async () => {
    let commits = 0;
    class CountingConnection extends SqliteConnection {
      override commit(): Promise<void> {
        commits += 1;
        return super.commit();
      }
    }
    const { config } = fixture.scratch;
    const groupCommit = new GroupCommit(
      new CountingConnection("path" in config ? config.path : ""),
    );
    const write = async () => {
      const batch = await groupCommit.enter();
      groupCommit.leave();
      await batch.committed;
    };
    await Promise.all(Array.from({ length: 100 }, write));
    expect(commits).toBe(1);
    await write();
    expect(commits).toBe(2);
  });

  it("fail together if the commit fails, and can be retried", async () => {
    await send();
    const { finish, done } = startLong(async (inside) => {
      // The commit fails: the row refers to an unknown user.
      await sql`pragma defer_foreign_keys = on`.execute(inside);
      await sql`insert into username_looks values ('unknown', 999)`.execute(inside);
    });
    const other = send();
    finish();
    for (const outcome of [done, other]) {
      await expect(outcome).rejects.toMatchObject({ status: 503, code: "ERR_UNAVAILABLE" });
    }
    expect(await lastSeq()).toBe(1);
    await send();
    expect(await lastSeq()).toBe(2);
  });

  it("fail as a whole if SQLite rolls back during a statement", async () => {
    const { finish, done } = startLong(async (inside) => {
      await expect(
        sql`insert or rollback into username_looks values ('alice', ${fixture.bob.id})`.execute(
          inside,
        ),
      ).rejects.toThrow("UNIQUE");
      await send(new Store(inside));
    });
    const other = send();
    finish();
    await expect(done).rejects.toMatchObject({ code: "ERR_UNAVAILABLE" });
    await other;
    expect(await lastSeq()).toBe(1);
  });

  it("wait for another process that writes, without blocking reads", async () => {
    const elsewhere = fixture.open();
    const { finish, done } = startLong();
    const waiting = send(elsewhere);
    await waitForEventLoop();
    expect(await elsewhere.users.listByKeys(["alice"])).toHaveLength(1);
    finish();
    await done;
    expect((await waiting).stored.seq).toBe(2);
  });

  it("are rejected after a timeout if another process keeps its lock", async () => {
    const elsewhere = fixture.open();
    const { finish, done } = startLong();
    const outcomes = await Promise.allSettled([send(elsewhere), send(elsewhere)]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "ERR_UNAVAILABLE" } });
    }
    finish();
    await done;
    expect((await send(elsewhere)).stored.seq).toBe(2);
  });

  it("reject values that SQLite cannot store, with which libsql would abort the process", async () => {
    await expect(sql`select ${true}`.execute(db)).rejects.toThrow(
      "SQLite cannot store a value of type boolean",
    );
  });
});
