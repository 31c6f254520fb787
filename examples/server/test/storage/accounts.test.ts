import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Store } from "../../src/database/store.js";
import { onEachDatabase } from "./databases.js";
import { StorageFixture } from "./fixture.js";
import { createChat, createUser } from "./rows.js";

const bytes = () => new Uint8Array(randomBytes(16));
const namesOf = (users: readonly { username_key: string }[]) =>
  users.map(({ username_key }) => username_key);

onEachDatabase("the store", (kind) => {
  let fixture: StorageFixture;
  let store: Store;
  beforeAll(async () => {
    fixture = await StorageFixture.create(kind);
    store = fixture.store;
  });
  afterAll(() => fixture.remove());

  it("creates one of several simultaneous users with the same name or look", async () => {
    const { id: _, ...dave } = {
      ...fixture.alice,
      uuid: "dave",
      username: "Dave",
      username_key: "dave",
    };
    const all = await Promise.all([
      store.users.create({ ...dave, uuid: "1" }, ["dave", "davo"]),
      store.users.create({ ...dave, uuid: "2" }, ["davo", "dave"]),
      store.users.create({ ...dave, uuid: "3", username_key: "dav0" }, ["davo"]),
    ]);
    const created = all.filter((user) => user !== undefined);
    expect(created).toHaveLength(1);
    expect(await store.users.find(created[0]!.id)).toEqual(created[0]);
    expect(await store.users.listByKeys([created[0]!.username_key])).toEqual([created[0]]);
    expect(await store.users.find(Number.MAX_SAFE_INTEGER)).toBeUndefined();
    await store.users.noteLogin(fixture.alice.id, 1_795_000_000.25);
    await store.users.setActive(fixture.alice.id, false);
    const alice = await store.users.find(fixture.alice.id);
    expect(alice).toMatchObject({ last_login: 1_795_000_000.25, is_active: 0, email: null });
    expect(namesOf(await store.users.search("al", { limit: 9 }))).toEqual([]);
    await store.users.setActive(fixture.alice.id, true);
    const hashOf = async () => (await store.users.find(fixture.alice.id))!.hashed_password;
    await store.users.replacePasswordHash(fixture.alice.id, "another", "new");
    expect(await hashOf()).toBe("-");
    await store.users.replacePasswordHash(fixture.alice.id, "-", "new");
    expect(await hashOf()).toBe("new");
    expect(namesOf(await store.users.search("al", { limit: 9 }))).toEqual(["alice"]);
  });

  it("creates one chat of two users, and sets its key parameters once", async () => {
    const { carol, bob } = fixture;
    const [one, other] = await Promise.all([
      createChat(store, carol, bob).catch(() => undefined),
      createChat(store, bob, carol).catch(() => undefined),
    ]);
    expect([one, other].filter(Boolean)).toHaveLength(1);
    const chat = (one ?? other)!;
    const parameters = { salt: bytes(), iterations: 600_000, key_check: bytes() };
    const [set, again] = await Promise.all([
      store.chats.setParameters(chat.id, parameters),
      store.chats.setParameters(chat.id, { ...parameters, iterations: 700_000 }),
    ]);
    expect([set, again].filter(Boolean)).toHaveLength(1);
    expect(await store.chats.find(chat.id, fixture.alice.id)).toBeUndefined();
    expect(Buffer.from((await store.chats.find(chat.id, bob.id))!.salt!)).toEqual(
      Buffer.from(parameters.salt),
    );
    await store.chats.setEncryptionType(chat.id, "lacre/e2e/2");
    expect(await store.chats.find(chat.id, bob.id)).toMatchObject({
      encryption_type: "lacre/e2e/2",
    });
    const listed = await store.chatsOfMember.list(bob.id, { limit: 9, offset: 0 });
    expect(listed.map(({ peer_name }) => peer_name)).toEqual(["alice", "carol"]);
    expect(listed[1]).toMatchObject({ peer_id: carol.id, unread: 0, last_seq: 0 });
    expect(await store.chatsOfMember.list(bob.id, { limit: 1, offset: 1 })).toEqual([listed[1]]);
    expect(await store.chatsOfMember.count(bob.id)).toBe(2);
    expect((await store.chats.listPeers(bob.id)).sort()).toEqual(
      [fixture.alice.id, carol.id].sort(),
    );
  });

  it("rotates a refresh token once, and not after the session is revoked", async () => {
    const first = { id: bytes(), user_id: fixture.bob.id, refresh_id: bytes(), expires_at: 2e9 };
    await store.sessions.create({ ...first, created_at: 1 });
    const found = (await store.sessions.find(first.id))!;
    expect(found).toMatchObject({ user_id: fixture.bob.id, username: "bob", revoked_at: null });
    const next = () => ({ refresh_id: bytes(), expires_at: 2e9, rotated_at: 1 });
    const rotations = await Promise.all([
      store.sessions.rotate(first, next()),
      store.sessions.rotate(first, next()),
    ]);
    expect(rotations.filter(Boolean)).toHaveLength(1);
    await store.sessions.revoke(first.id, 5);
    await store.sessions.revoke(first.id, 6);
    const revoked = (await store.sessions.find(first.id))!;
    expect(revoked.revoked_at).toBe(5);
    expect(await store.sessions.rotate(revoked, next())).toBe(false);
    expect(await store.sessions.find(bytes())).toBeUndefined();
  });

  it("deletes expired sessions", async () => {
    const sessionUntil = (expires_at: number) => ({
      ...{ id: bytes(), user_id: fixture.bob.id, refresh_id: bytes() },
      ...{ created_at: 1, expires_at },
    });
    const sessions = [98, 99, 100, 101].map(sessionUntil);
    for (const session of sessions) await store.sessions.create(session);
    const upTo = { now: 100, limit: 2 };
    expect(await store.sessions.deleteExpired(upTo)).toBe(2);
    expect(await store.sessions.deleteExpired(upTo)).toBe(1);
    expect(await store.sessions.deleteExpired(upTo)).toBe(0);
    const found = await Promise.all(sessions.map(({ id }) => store.sessions.find(id)));
    expect(found.map((session) => session?.expires_at)).toEqual([
      ...[undefined, undefined, undefined],
      101,
    ]);
  });

  it("lists keys, the newest first", async () => {
    const purpose = "token-signing-key" as const;
    const key = { purpose, material: bytes() };
    await store.serverKeys.add({ ...key, id: "a", created_at: 1 });
    await store.serverKeys.add({ ...key, id: "b", created_at: 2 });
    await store.serverKeys.add({ ...key, id: "a", created_at: 3 });
    expect((await store.serverKeys.list(purpose)).map(({ id }) => id)).toEqual(["b", "a"]);
    await store.serverKeys.remove("b");
    expect((await store.serverKeys.list(purpose)).map(({ id }) => id)).toEqual(["a"]);
  });
});

const SORTED = ["ab", "ab-d", "ab_c", "abc", "abz", "abß", "abñ", "ab\u{10FF00}"];

onEachDatabase("user search", (kind) => {
  let fixture: StorageFixture;
  beforeAll(async () => {
    fixture = await StorageFixture.create(kind);
    for (const name of [...SORTED, "ac", "aa"]) await createUser(fixture.store, name);
  });
  afterAll(() => fixture.remove());

  it("finds names by prefix, in code point order, page by page", async () => {
    const all = await fixture.store.users.search("ab", { limit: 50 });
    expect(namesOf(all)).toEqual(SORTED);
    const page = await fixture.store.users.search("ab", { after: "ab_c", limit: 2 });
    expect(namesOf(page)).toEqual(["abc", "abz"]);
    for (const wildcard of ["%", "_", "a%", "ab\\"]) {
      expect(await fixture.store.users.search(wildcard, { limit: 9 })).toEqual([]);
    }
  });
});
