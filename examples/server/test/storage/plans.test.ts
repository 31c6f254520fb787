import { type CompiledQuery, Kysely } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { migrate } from "../../src/database/migrator.js";
import { dialectOf } from "../../src/database/open-database.js";
import type { Schema } from "../../src/database/schema.js";
import { Store } from "../../src/database/store.js";
import { createDatabase, onEachDatabase, type ScratchDatabase } from "./databases.js";
import { fillTables } from "./fill-tables.js";
import { planOf } from "./query-plan.js";
import { createChat, createUser } from "./rows.js";

type Method = Exclude<keyof Store, "transaction" | "attempt" | "ping" | "close">;

const id = new Uint8Array(16);
const session = { id, user_id: 1, refresh_id: id, created_at: 0, expires_at: 0 };
const key = { id: "k", purpose: "token-signing-key", material: id, created_at: 0 } as const;
const upTo = { chat_id: 1, user_id: 1, seq: 9 };
const sent = { chat_id: 1, sender_id: 1, client_id: "c" };
const message = { ...sent, seq: 20_000, nonce: id, digest: id, encrypted_content: id };
const times = { timestamp: 0, stored_at: 0 };

/** Calls each method of the store once. */
const calls: Record<Method, (store: Store) => Promise<unknown>> = {
  createUser: (store) => createUser(store, "zoe"),
  findUser: (store) => store.findUser(1),
  findUserByKey: (store) => store.findUserByKey("alice"),
  findLogin: (store) => store.findLogin("alice", "a phone"),
  searchUsers: (store) => store.searchUsers("al", { after: "alice", limit: 10 }),
  noteLogin: (store) => store.noteLogin(1, 0),
  replacePasswordHash: (store) => store.replacePasswordHash(1, "-", "--"),
  setActive: (store) => store.setActive(1, true),
  createSession: (store) => store.createSession(session),
  findSession: (store) => store.findSession(id),
  rotateSession: (store) =>
    store.rotateSession(session, { refresh_id: id, expires_at: 0, rotated_at: 0 }),
  revokeSession: (store) => store.revokeSession(id, 0),
  deleteExpiredSessions: (store) => store.deleteExpiredSessions({ now: 0, limit: 10 }),
  deleteSessionsBeyond: (store) =>
    store.deleteSessionsBeyond({ id: new Uint8Array(16), user_id: 1 }, 1),
  createChat: async (store) =>
    createChat(store, (await store.findUser(3))!, (await store.findUser(6))!),
  countOpened: (store) => store.countOpened(1, 10),
  findChat: (store) => store.findChat(1, 1),
  setContact: async (store) => {
    const chat = (await store.findChat(1, 1))!;
    await store.setContact(chat, { user_id: 1, action: "block", now: 0 });
  },
  setChatParameters: (store) =>
    store.setChatParameters(1, { salt: id, iterations: 600_000, key_check: id }),
  setEncryptionType: (store) => store.setEncryptionType(1, "-"),
  setAutoDelete: (store) => store.setAutoDelete(1, { hours: 1, user_id: 1, now: 0 }),
  restartChat: (store) =>
    store.restartChat({ id: 1, creator: 1 }, { salt: id, iterations: 600_000, key_check: id }),
  listChats: (store) => store.listChats(1, { limit: 10, offset: 0 }),
  findChatOfMember: (store) => store.findChatOfMember(1, 1),
  listPeers: (store) => store.listPeers(1),
  countChats: (store) => store.countChats(1),
  takeSeq: (store) => store.takeSeq(sent),
  addMessage: (store) => store.addMessage({ ...message, ...times }),
  findSent: (store) => store.findSent(sent),
  listMessages: async (store) => {
    await store.listMessages(1, { after: 1, limit: 10, stored_after: 0 });
    await store.listMessages(1, { before: 9, limit: 10, stored_after: 0 });
  },
  raiseWatermark: async (store) => {
    await store.raiseWatermark("read", upTo);
    await store.raiseWatermark("delivered", upTo);
  },
  countStored: (store) => store.countStored(1, { after: 0, until: 9, limit: 10 }),
  listExpiringChats: (store) => store.listExpiringChats({ after: 0, limit: 10, now: 0 }),
  deleteExpired: (store) => store.deleteExpired(1, { until: 0, limit: 10 }),
  addKey: (store) => store.addKey(key),
  listKeys: (store) => store.listKeys("token-signing-key"),
  removeKey: (store) => store.removeKey("k"),
  noteHealth: (store) => store.noteHealth(0),
};

/** Methods that may sort: the sessions or chats of one user, or the keys of the server. */
const maySort: readonly Method[] = ["deleteSessionsBeyond", "listChats", "listPeers", "listKeys"];

/** Methods that may scan the result of a subquery, which is bounded. */
const mayScanSubquery: readonly Method[] = ["countStored", "listChats", "findChatOfMember"];

/** Indexes that these methods must use, because the number of their rows is not bounded otherwise. */
const requiredIndices: Partial<Record<Method, string[]>> = {
  searchUsers: ["users_active"],
  listChats: ["messages_kept_by_sender"],
  findChatOfMember: ["messages_kept_by_sender"],
  countStored: ["messages_expiring"],
  listExpiringChats: ["chats_expiring", "messages_expiring"],
  deleteExpired: ["messages_expiring"],
  deleteExpiredSessions: ["sessions_expiring"],
  findLogin: ["sessions_devices"],
  deleteSessionsBeyond: ["sessions_devices"],
  countOpened: ["chats_created_by"],
};

onEachDatabase("queries without complete scans:", (dialect) => {
  let scratch: ScratchDatabase;
  let db: Kysely<Schema>;
  let queries: CompiledQuery[] = [];
  beforeAll(async () => {
    scratch = await createDatabase(dialect);
    await migrate(scratch.config);
    db = new Kysely({
      dialect: dialectOf(scratch.config),
      log: ({ query }) => void queries.push(query),
    });
    await fillTables(db);
  });
  afterAll(async () => {
    await db.destroy();
    await scratch.remove();
  });

  it.each(methodNames())("%s", async (name) => {
    queries = [];
    await calls[name](new Store(db));
    expect(queries).not.toHaveLength(0);
    const plans = await Promise.all(queries.map((query) => planOf(query, scratch.config)));
    const slow = plans.flatMap((plan) => plan.slow);
    const isAllowed = (step: string) =>
      (maySort.includes(name) && /sort|temp b-tree/i.test(step)) ||
      (mayScanSubquery.includes(name) && /^SCAN (some|newest)$/.test(step));
    expect(slow.filter((step) => !isAllowed(step))).toEqual([]);
    const indices = plans.flatMap((plan) => plan.indices);
    expect(indices).toEqual(expect.arrayContaining(requiredIndices[name] ?? []));
  });

  // SQLite blocks other queries while it reads deleted messages. PostgreSQL chooses an index by its statistics.
  it.runIf(dialect === "sqlite")(
    "listMessages uses an index without deleted messages",
    async () => {
      queries = [];
      await calls.listMessages(new Store(db));
      const plans = await Promise.all(queries.map((query) => planOf(query, scratch.config)));
      expect([...new Set(plans.flatMap((plan) => plan.indices))]).toEqual(["messages_kept"]);
    },
  );
});

function methodNames(): Method[] {
  const others = ["constructor", "transaction", "attempt", "ping", "close"];
  return Object.getOwnPropertyNames(Store.prototype).filter(
    (name): name is Method => !others.includes(name),
  );
}
