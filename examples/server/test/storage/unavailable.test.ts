import { type Kysely, sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { migrate } from "../../src/database/migrator.js";
import { openDatabase } from "../../src/database/open-database.js";
import type { Schema } from "../../src/database/schema.js";
import { Store } from "../../src/database/store.js";
import { messageIn } from "../support.js";
import { describeOnPostgres } from "./databases.js";
import { StorageFixture } from "./fixture.js";
import { createChat } from "./rows.js";
import { storeMessage } from "./store-message.js";

const UNAVAILABLE = { status: 503, code: "ERR_UNAVAILABLE", details: { retry_after: 1 } };

describeOnPostgres("errors of PostgreSQL", () => {
  let fixture: StorageFixture;
  let db: Kysely<Schema>;
  let store: Store;
  const reported: Error[] = [];
  beforeAll(async () => {
    fixture = await StorageFixture.create("postgresql");
    db = openDatabase(fixture.scratch.config, (error) => reported.push(error));
    store = new Store(db);
    fixture.stores.push(store);
  });
  afterAll(() => fixture.remove());

  const send = (to = store) => storeMessage(to, messageIn(fixture.chat.id, fixture.alice.id));
  const backendOf = async (connection: Kysely<Schema>) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(connection);
    return rows[0]!.pid;
  };
  const terminate = (pid: number) => sql`select pg_terminate_backend(${pid})`.execute(db);

  it("fail a transaction whose connection is terminated, but not the next one", async () => {
    const lost = db.transaction().execute(async (inside) => {
      await send(new Store(inside));
      await terminate(await backendOf(inside));
      await send(new Store(inside));
    });
    await expect(lost).rejects.toMatchObject(UNAVAILABLE);
    expect((await send()).stored.seq).toBe(1);
  });

  it("leave open whether a terminated commit took effect, which a repeated message reveals", async () => {
    const message = messageIn(fixture.chat.id, fixture.alice.id);
    const lost = db.transaction().execute(async (inside) => {
      await storeMessage(new Store(inside), message);
      await terminate(await backendOf(inside));
    });
    await expect(lost).rejects.toMatchObject(UNAVAILABLE);
    const { stored } = await storeMessage(store, message);
    expect((await storeMessage(store, message)).stored.seq).toBe(stored.seq);
  });

  it("are only reported if idle connections are terminated", async () => {
    await Promise.all(Array.from({ length: 5 }, () => send()));
    reported.length = 0;
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where pid <> pg_backend_pid() and datname = current_database()`.execute(db);
    while (reported.length < 4) await new Promise(setImmediate);
    expect(await Promise.allSettled([send(), send()])).toMatchObject([
      { status: "fulfilled" },
      { status: "fulfilled" },
    ]);
  });

  it("become ERR_UNAVAILABLE for the aborted transaction of a deadlock", async () => {
    const other = await createChat(store, fixture.bob, fixture.carol);
    const take = (inside: Store, chat_id: number) =>
      inside.appends.read([{ chat_id, sender_id: fixture.bob.id }]);
    let waiting = 0;
    const waitForBoth = async () => {
      waiting += 1;
      while (waiting < 2) await new Promise(setImmediate);
    };
    const inOrder = (first: number, second: number) =>
      store.transaction(async (inside) => {
        await take(inside, first);
        await waitForBoth();
        await take(inside, second);
      });
    const outcomes = await Promise.allSettled([
      inOrder(fixture.chat.id, other.id),
      inOrder(other.id, fixture.chat.id),
    ]);
    const failed = outcomes.filter(({ status }) => status === "rejected");
    expect(failed).toMatchObject([{ reason: UNAVAILABLE }]);
  });

  it("fail a transaction whose statement failed, even if the error was caught", async () => {
    const before = (await send()).stored.seq;
    const failed = db.transaction().execute(async (inside) => {
      await send(new Store(inside));
      await sql`select nothing`.execute(inside).catch(() => {});
    });
    await expect(failed).rejects.toThrow("not committed");
    expect((await send()).stored.seq).toBe(before + 1);
  });

  const raise = (code: string) =>
    sql.raw(`DO $$ BEGIN RAISE EXCEPTION 'test' USING ERRCODE = '${code}'; END $$`).execute(db);

  it.each([
    ["08006", "the connection failed"],
    ["25006", "the database is read-only"],
    ["25P03", "the transaction was idle"],
    ["25P04", "the transaction took too long"],
    ["40001", "transactions collided"],
    ["40P01", "a deadlock"],
    ["53100", "the disk is full"],
    ["53200", "no memory"],
    ["53300", "too many connections"],
    ["55P03", "a lock is not available"],
    ["57014", "the statement was cancelled"],
    ["57P01", "shutdown by the administrator"],
    ["57P02", "the server crashed"],
    ["57P03", "the server is starting"],
    ["58030", "an input or output error"],
  ])("become ERR_UNAVAILABLE: %s, %s", async (code) => {
    await expect(raise(code)).rejects.toMatchObject(UNAVAILABLE);
    expect(await db.selectFrom("users").select("id").execute()).toHaveLength(3);
  });

  it.each(["22001", "23505", "42P01", "XX000"])("are unchanged: %s", async (code) => {
    await expect(raise(code)).rejects.toMatchObject({ code });
  });

  it("contain no values of rows", async () => {
    const { id: _, ...user } = fixture.alice;
    const error = await db
      .insertInto("users")
      .values(user)
      .execute()
      .catch((reason) => reason);
    expect(error).toMatchObject({ code: "23505" });
    expect(JSON.stringify({ ...error })).not.toContain("alice");
  });

  it("become ERR_UNAVAILABLE if the server is unreachable", async () => {
    const unreachable = { dialect: "postgresql", poolSize: 1 } as const;
    const store = new Store(openDatabase({ ...unreachable, url: "postgresql://x@127.0.0.1:1/x" }));
    await expect(store.serverKeys.noteHealth(0)).rejects.toMatchObject(UNAVAILABLE);
    await expect(store.transaction(send)).rejects.toMatchObject(UNAVAILABLE);
    await store.close();
    await expect(
      migrate({ ...unreachable, url: "postgresql://x@127.0.0.1:1/x" }),
    ).rejects.toMatchObject(UNAVAILABLE);
  });
});
