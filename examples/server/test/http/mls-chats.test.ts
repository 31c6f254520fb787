import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PARAMETERS, TestServer, type TestUser } from "../support.js";

const server = new TestServer();
let alice: TestUser;
let bob: TestUser;
let carol: TestUser;

beforeAll(async () => {
  ({ alice, bob, carol } = await server.startWithChat());
});
afterAll(() => server.remove());

const MLS = { encryption_type: "MLS", suite: 0xf00d };
const create = (fields: object, user = alice) => user.post("/chats", { ...MLS, ...fields });
const listed = async (user: TestUser, query = "") => (await user.get(`/chats${query}`)).body;

describe("creating an MLS chat", () => {
  it("makes the creator the only member, and the named users invited", async () => {
    const { status, body } = await create({ members: ["BOB", "carol"], auto_delete_hours: 24 });
    expect(status).toBe(201);
    expect(body).toEqual({
      chat_id: expect.any(Number),
      peer_id: alice.id,
      peer_name: "alice",
      encryption_type: "MLS",
      suite: 0xf00d,
      epoch: 0,
      members: [
        { user_id: alice.id, username: "alice", role: "admin" },
        { user_id: bob.id, username: "bob", role: "invited" },
        { user_id: carol.id, username: "carol", role: "invited" },
      ],
      last_seq: 0,
      unread: 0,
      auto_delete_hours: 24,
      expired_until: expect.any(Number),
      auto_delete_change: { user_id: alice.id, changed_at: expect.any(Number), after: 0 },
    });
    expect((await alice.get(`/chats/${body.chat_id}`)).body).toMatchObject({
      members: body.members,
    });
  });

  it("gives the invited users no access", async () => {
    const { chat_id } = (await create({ members: ["bob"] })).body;
    for (const path of ["", "/messages", "/expiring"]) {
      expect(await bob.get(`/chats/${chat_id}${path}`)).toMatchObject({
        status: 404,
        body: { error_code: "ERR_CHAT_NOT_FOUND" },
      });
    }
    const { chats } = await listed(bob, "?mls=1");
    expect(chats.map((chat: { chat_id: number }) => chat.chat_id)).not.toContain(chat_id);
  });

  it("is possible more than once with the same users, besides their passphrase chat", async () => {
    const one = (await create({ members: ["bob"], suite: 1 })).body;
    const other = (await create({ members: ["bob", "Bob"], suite: 1 })).body;
    expect(other.chat_id).toBeGreaterThan(one.chat_id);
    expect(other.members).toHaveLength(2);
  });

  it.each([
    [{}, 422, "ERR_VALIDATION"],
    [{ members: [] }, 422, "ERR_VALIDATION"],
    [{ members: ["bob"], suite: undefined }, 422, "ERR_VALIDATION"],
    [{ members: ["bob"], suite: 2 }, 422, "ERR_VALIDATION"],
    [{ members: ["bob"], encryption_type: "lacre/e2e/1" }, 422, "ERR_VALIDATION"],
    [{ members: ["bob"], peer_name: "bob" }, 422, "ERR_VALIDATION"],
    [{ members: ["bob"], ...PARAMETERS, encryption_type: "MLS" }, 422, "ERR_VALIDATION"],
    [{ peer_name: "bob" }, 422, "ERR_VALIDATION"],
    [{ members: ["bob", "alice"] }, 422, "ERR_CHAT_WITH_SELF"],
    [{ members: ["bob", "nobody"] }, 404, "ERR_USER_NOT_FOUND"],
  ])("rejects %j", async (fields, status, error_code) => {
    expect(await create(fields)).toMatchObject({ status, body: { error_code } });
  });

  it("names the users that do not exist", async () => {
    const { body } = await create({ members: ["bob", "nobody", "no-one"] });
    expect(body.details).toEqual({ names: ["nobody", "no-one"] });
  });

  it.each([63, 64])("accepts at most 63 names: %d", async (count) => {
    const members = Array.from({ length: count }, (_, at) => `user-${at}`);
    const { status } = await create({ members });
    // The users do not exist, which is found out only after the number of names is checked.
    expect(status).toBe(count === 63 ? 404 : 422);
  });

  it("rejects passphrase chats with members or suite", async () => {
    for (const fields of [{ members: ["bob"] }, { suite: 1 }]) {
      const body = { peer_name: "bob", ...PARAMETERS, ...fields };
      expect(await alice.post("/chats", body)).toMatchObject({
        status: 422,
        body: { error_code: "ERR_VALIDATION" },
      });
    }
  });
});

describe("MLS chats", () => {
  it("are listed only on request", async () => {
    const { chat_id } = (await create({ members: ["alice"] }, carol)).body;
    expect(await listed(carol)).toEqual({ chats: [], total: 0, page: 1 });
    expect(await listed(carol, "?mls=0")).toEqual({ chats: [], total: 0, page: 1 });
    expect(await listed(carol, "?mls=1")).toMatchObject({ chats: [{ chat_id }], total: 1 });
    expect(await carol.get("/chats?mls=2")).toMatchObject({ status: 422 });
  });

  it("are listed 50 per page, after and before passphrase chats", async () => {
    const dora = await server.register("dora");
    const first = await dora.chatWith("alice");
    for (let count = 0; count < 50; count++) await create({ members: ["bob"] }, dora);
    const last = await dora.chatWith("bob");
    const pages = await Promise.all([1, 2, 3].map((page) => listed(dora, `?mls=1&page=${page}`)));
    expect(pages.map(({ total, chats }) => [total, chats.length])).toEqual([
      [52, 50],
      [52, 2],
      [52, 0],
    ]);
    expect(pages[0].chats[0].chat_id).toBe(first);
    expect(pages[1].chats[1].chat_id).toBe(last);
    expect(await listed(dora)).toMatchObject({
      chats: [{ chat_id: first }, { chat_id: last }],
      total: 2,
    });
  });

  it("have no passphrase, no requests and no blocks", async () => {
    const { chat_id } = (await create({ members: ["bob"] })).body;
    const { encryption_type: _, ...keys } = PARAMETERS;
    const unsupported = { status: 422, body: { error_code: "ERR_UNSUPPORTED" } };
    for (const answer of [
      alice.post(`/chats/${chat_id}/restart`, keys),
      alice.post(`/chats/${chat_id}/contact`, { action: "block" }),
      alice.patch(`/chats/${chat_id}/config`, keys),
      alice.patch(`/chats/${chat_id}/config`, { encryption_type: "lacre/e2e/1" }),
    ]) {
      expect(await answer).toMatchObject(unsupported);
    }
    expect(await alice.patch(`/chats/${chat_id}/config`, { auto_delete_hours: 1 })).toMatchObject({
      status: 200,
      body: { auto_delete_hours: 1, suite: 0xf00d },
    });
  });

  it("are not made from passphrase chats", async () => {
    await server.register("erin");
    const chat_id = await alice.chatWith("erin");
    expect(await alice.patch(`/chats/${chat_id}/config`, { encryption_type: "MLS" })).toMatchObject(
      { status: 422, body: { error_code: "ERR_VALIDATION" } },
    );
  });
});
