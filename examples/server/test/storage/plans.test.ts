import { type CompiledQuery, Kysely } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { migrate } from "../../src/database/migrator.js";
import { dialectOf } from "../../src/database/open-database.js";
import type { Schema } from "../../src/database/schema.js";
import { Store } from "../../src/database/store.js";
import { createDatabase, onEachDatabase, type ScratchDatabase } from "./databases.js";
import { fillTables } from "./fill-tables.js";
import { planOf } from "./query-plan.js";
import { createChat, createMlsChat, createUser, ENTRY, KEY_PACKAGE } from "./rows.js";

type Part = Exclude<keyof Store, "transaction" | "close">;
type Method = { [Name in Part]: `${Name}.${keyof Store[Name] & string}` }[Part];

const id = new Uint8Array(16);
const session = { id, user_id: 1, refresh_id: id, created_at: 0, expires_at: 0 };
const key = { id: "k", purpose: "token-signing-key", material: id, created_at: 0 } as const;
const upTo = { chat_id: 1, user_id: 1, seq: 9 };
const sent = { chat_id: 1, sender_id: 1, client_id: "c" };
const message = { ...sent, seq: 20_000, nonce: id, digest: id, encrypted_content: id };
const times = { timestamp: 0, stored_at: 0 };
const noMls = { epoch: null, device: null, content_type: null };
const device = { user_id: 1, device: "ab".repeat(16) };
const chunkPosition = { ...device, chat_id: 1, first_seq: 1 };
const keyPackage = { ...device, ...KEY_PACKAGE };

/** Calls each method of the parts of the store once. */
const calls: Record<Method, (store: Store) => Promise<unknown>> = {
  "users.create": (store) => createUser(store, "zoe"),
  "users.find": (store) => store.users.find(1),
  "users.listByKeys": (store) => store.users.listByKeys(["alice", "bob"]),
  "users.findLogin": (store) => store.users.findLogin("alice", "a phone"),
  "users.search": (store) => store.users.search("al", { after: "alice", limit: 10 }),
  "users.noteLogin": (store) => store.users.noteLogin(1, 0),
  "users.replacePasswordHash": (store) => store.users.replacePasswordHash(1, "-", "--"),
  "users.setActive": (store) => store.users.setActive(1, true),
  "sessions.create": (store) => store.sessions.create(session),
  "sessions.find": (store) => store.sessions.find(id),
  "sessions.rotate": (store) =>
    store.sessions.rotate(session, { refresh_id: id, expires_at: 0, rotated_at: 0 }),
  "sessions.revoke": (store) => store.sessions.revoke(id, 0),
  "sessions.deleteExpired": (store) => store.sessions.deleteExpired({ now: 0, limit: 10 }),
  "sessions.deleteBeyond": (store) =>
    store.sessions.deleteBeyond({ id: new Uint8Array(16), user_id: 1 }, 1),
  "chats.create": async (store) =>
    createChat(store, (await store.users.find(3))!, (await store.users.find(6))!),
  "chats.createMls": (store) => createMlsChat(store, { creator: 1, invited: [2, 3] }),
  "chats.countOpened": (store) => store.chats.countOpened(1, 10),
  "chats.find": (store) => store.chats.find(1, 1),
  "chats.setContact": (store) => store.chats.setContact(1, { user_id: 1, action: "block", now: 0 }),
  "chats.setParameters": (store) =>
    store.chats.setParameters(1, { salt: id, iterations: 600_000, key_check: id }),
  "chats.setEncryptionType": (store) => store.chats.setEncryptionType(1, "-"),
  "chats.setAutoDelete": (store) => store.chats.setAutoDelete(1, { hours: 1, user_id: 1, now: 0 }),
  "chats.restart": (store) =>
    store.chats.restart({ id: 1, creator: 1 }, { salt: id, iterations: 600_000, key_check: id }),
  "chatsOfMember.list": async (store) => {
    await store.chatsOfMember.list(1, { limit: 10, offset: 0 });
    await store.chatsOfMember.list(1, { limit: 10, offset: 0, includesMls: true });
  },
  "chatsOfMember.find": (store) => store.chatsOfMember.find(1, 1),
  "chats.listPeers": (store) => store.chats.listPeers(1),
  "chats.listReadersOfDevices": (store) => store.chats.listReadersOfDevices(1),
  "chatsOfMember.count": async (store) => {
    await store.chatsOfMember.count(1);
    await store.chatsOfMember.count(1, { includesMls: true });
  },
  "appends.read": (store) => store.appends.read([{ ...sent, device: device.device }, sent]),
  "appends.add": (store) => store.appends.add([{ ...message, ...times, ...noMls }]),
  "messagePages.read": async (store) => {
    await store.messagePages.read(1, { after: 1, limit: 10, stored_after: 0 });
    await store.messagePages.read(1, { before: 9, limit: 10, stored_after: 0 });
  },
  "messages.raiseWatermark": async (store) => {
    await store.messages.raiseWatermark("read", upTo);
    await store.messages.raiseWatermark("delivered", upTo);
  },
  "messages.countStored": (store) =>
    store.messages.countStored(1, { after: 0, until: 9, limit: 10 }),
  "messages.listExpiringChats": (store) =>
    store.messages.listExpiringChats({ after: 0, limit: 10, now: 0 }),
  "messages.deleteExpired": (store) => store.messages.deleteExpired(1, { until: 0, limit: 10 }),
  "sessions.bind": (store) => store.sessions.bind(id, device.device),
  "sessions.rebind": (store) => store.sessions.rebind(id, device.device),
  "sessions.revokeOthers": (store) => store.sessions.revokeOthers({ id, user_id: 1 }, 0),
  "sessions.revokeOfDevice": (store) => store.sessions.revokeOfDevice(device, 0),
  "devices.lock": (store) => store.devices.lock([2, 1]),
  "devices.listEntries": (store) => store.devices.listEntries(1, { after: 1, limit: 10 }),
  "devices.lastSeq": (store) => store.devices.lastSeq(1),
  "devices.addEntry": (store) => store.devices.addEntry({ ...ENTRY, user_id: 3000 }),
  "devices.add": (store) => store.devices.add(3000, device.device),
  "devices.markRemoved": (store) => store.devices.markRemoved(1, device.device, 0),
  "devices.find": (store) => store.devices.find(1, device.device),
  "devices.list": (store) => store.devices.list([1, 2]),
  "devices.keepAcceptance": (store) =>
    store.devices.keepAcceptance({ ...device, acceptance: id, expires_at: 0 }),
  "devices.findAcceptance": (store) => store.devices.findAcceptance(1, device.device, 0),
  "devices.deleteExpired": (store) => store.devices.deleteExpired({ now: 0, limit: 10 }),
  "keyPackages.add": (store) => store.keyPackages.add([keyPackage]),
  "keyPackages.deleteLastResort": (store) => store.keyPackages.deleteLastResort(keyPackage),
  "keyPackages.count": (store) => store.keyPackages.count(1, device.device),
  "keyPackages.listOldest": (store) => store.keyPackages.listOldest([1, 2], 1),
  "keyPackages.claim": (store) => store.keyPackages.claim([1, 2], 0),
  "keyPackages.deleteOf": (store) => store.keyPackages.deleteOf(1, device.device),
  "keyPackages.deleteClaimed": (store) =>
    store.keyPackages.deleteClaimed({ until: 1e9, limit: 10 }),
  "history.findKey": (store) => store.history.findKey(1),
  "history.replaceKey": (store) => store.history.replaceKey(1, { key_id: "k", history_key: id }),
  "history.write": (store) => store.history.write(chunkPosition, id),
  "history.delete": (store) => store.history.delete(chunkPosition),
  "history.list": (store) => store.history.list(1, { after: 0, limit: 5 }),
  "history.deleteKey": (store) => store.history.deleteKey(1),
  "commits.advance": (store) => store.commits.advance(1, 1, id),
  "commits.addMembers": (store) => store.commits.addMembers(1, [2900, 2901], { seq: 1, now: 0 }),
  "commits.removeMembers": (store) => store.commits.removeMembers(1, [2900]),
  "commits.listDevices": (store) => store.commits.listDevices(1, [device.device]),
  "commits.invite": (store) => store.commits.invite(1, [device], { content: id, now: 0 }),
  "commits.nextInvitation": (store) => store.commits.nextInvitation(device, 0),
  "commits.deleteInvitation": (store) => store.commits.deleteInvitation(1, 1),
  "commits.deleteInvitationsOf": (store) => store.commits.deleteInvitationsOf(device),
  "commits.deleteExpired": (store) => store.commits.deleteExpired({ until: 0, limit: 10 }),
  "commits.findGroupInfo": (store) => store.commits.findGroupInfo(1),
  "commits.listLeaving": (store) => store.commits.listLeaving(1, 1, [1, 2]),
  "commits.listAddable": (store) => store.commits.listAddable(1, [2, 3]),
  "serverKeys.add": (store) => store.serverKeys.add(key),
  "serverKeys.list": (store) => store.serverKeys.list("token-signing-key"),
  "serverKeys.remove": (store) => store.serverKeys.remove("k"),
  "serverKeys.noteHealth": (store) => store.serverKeys.noteHealth(0),
};

/** Methods that may sort: the sessions or chats of one user, the key packages of a claim, or the keys of the server. */
const maySort: readonly Method[] = [
  "sessions.deleteBeyond",
  "chatsOfMember.list",
  "chats.listPeers",
  "chats.listReadersOfDevices",
  "keyPackages.listOldest",
  "serverKeys.list",
  // The chats of a batch, at most 512.
  "appends.read",
];

/** Methods that may scan the result of a subquery, which is bounded. */
const mayScanSubquery: readonly Method[] = [
  "messages.countStored",
  "chatsOfMember.list",
  "chatsOfMember.find",
];

/** Indexes that these methods must use, because the number of their rows is not bounded otherwise. */
const requiredIndices: Partial<Record<Method, string[]>> = {
  "users.search": ["users_active"],
  "chatsOfMember.list": ["messages_kept_by_sender", "messages_kept"],
  "chatsOfMember.find": ["messages_kept_by_sender", "messages_kept"],
  "messages.countStored": ["messages_expiring"],
  "messages.listExpiringChats": ["chats_expiring", "messages_expiring"],
  "messages.deleteExpired": ["messages_expiring"],
  "sessions.deleteExpired": ["sessions_expiring"],
  "users.findLogin": ["sessions_devices"],
  "sessions.deleteBeyond": ["sessions_devices"],
  "chats.countOpened": ["chats_created_by"],
  "sessions.revokeOthers": ["sessions_devices"],
  "sessions.revokeOfDevice": ["sessions_devices"],
  "devices.deleteExpired": ["acceptances_expiring"],
  "keyPackages.listOldest": ["key_packages_unclaimed"],
  "keyPackages.deleteClaimed": ["key_packages_claimed"],
  "history.list": ["history_chunks_of_user"],
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

  it.each(Object.keys(calls) as Method[])("%s", async (name) => {
    queries = [];
    await calls[name](new Store(db));
    expect(queries).not.toHaveLength(0);
    const plans = await Promise.all(queries.map((query) => planOf(query, scratch.config)));
    const slow = plans.flatMap((plan) => plan.slow);
    const isAllowed = (step: string) =>
      (maySort.includes(name) && /sort|temp b-tree/i.test(step)) ||
      (mayScanSubquery.includes(name) && /^SCAN (some|newest|named)$/.test(step));
    expect(slow.filter((step) => !isAllowed(step))).toEqual([]);
    const indices = plans.flatMap((plan) => plan.indices);
    expect(indices).toEqual(expect.arrayContaining(requiredIndices[name] ?? []));
  });

  // SQLite blocks other queries while it reads deleted messages. PostgreSQL chooses an index by its statistics.
  it.runIf(dialect === "sqlite")(
    "messagePages.read uses an index without deleted messages",
    async () => {
      queries = [];
      await calls["messagePages.read"](new Store(db));
      const plans = await Promise.all(queries.map((query) => planOf(query, scratch.config)));
      expect([...new Set(plans.flatMap((plan) => plan.indices))]).toEqual(["messages_kept"]);
    },
  );
});
