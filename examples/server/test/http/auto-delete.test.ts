import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/database/open-database.js";
import { jsonOf, messageIn, PARAMETERS, TestServer, type TestUser } from "../support.js";

const HOUR = 3600;

describe("a chat's auto-delete setting", () => {
  const server = new TestServer();
  let alice: TestUser;
  let bob: TestUser;
  let carol: TestUser;
  let chat_id: number;
  let count = 0;

  beforeAll(() => server.start());
  afterAll(() => server.remove());
  beforeEach(async () => {
    count += 1;
    [alice, bob, carol] = (await Promise.all(
      ["alice", "bob", "carol"].map((name) => server.register(`${name}-${count}`)),
    )) as [TestUser, TestUser, TestUser];
    chat_id = await alice.chatWith(`bob-${count}`);
  });

  /** Sends one message for each age, in seconds. */
  async function write(...ages: number[]): Promise<void> {
    const database = openDatabase(server.database);
    for (const age of ages) {
      const body = jsonOf(messageIn(chat_id, alice.id));
      const { message_id, stored_at } = (await alice.post(`/chats/${chat_id}/messages`, body)).body;
      await database
        .updateTable("messages")
        .set({ stored_at: stored_at - age })
        .where("id", "=", message_id)
        .execute();
    }
    await database.destroy();
  }
  const set = (auto_delete_hours: number | null, user = bob) =>
    user.patch(`/chats/${chat_id}/config`, { auto_delete_hours });
  const expiring = (query: string, user = bob) => user.get(`/chats/${chat_id}/expiring${query}`);
  async function seqs(): Promise<number[]> {
    const { body } = await alice.get(`/chats/${chat_id}/messages?before=1000`);
    return body.messages.map(({ seq }: { seq: number }) => seq);
  }

  it("deletes withoutCapability messages, as many as /expiring counted before", async () => {
    await write(3 * HOUR, 2 * HOUR, 0);
    expect((await expiring("?auto_delete_hours=1")).body).toEqual({ count: 2, has_more: false });
    expect((await expiring("?auto_delete_hours=24")).body).toEqual({ count: 0, has_more: false });
    expect((await expiring("")).body).toEqual({ count: 0, has_more: false });
    expect(await seqs()).toEqual([1, 2, 3]);
    expect((await set(1)).body).toMatchObject({ auto_delete_hours: 1, last_seq: 3, unread: 1 });
    expect(await seqs()).toEqual([3]);
    expect((await expiring("?auto_delete_hours=1")).body).toEqual({ count: 0, has_more: false });
    await set(null);
    expect(await seqs()).toEqual([3]);
  });

  it("returns to both members who changed it, when, and after which message", async () => {
    await write(0, 0);
    const before = Date.now() / 1000;
    const { body } = await set(1);
    expect(body.auto_delete_change).toMatchObject({ user_id: bob.id, after: 2 });
    expect(body.auto_delete_change.changed_at).toBeGreaterThanOrEqual(before);
    expect(body.expired_until).toBeGreaterThanOrEqual(before - HOUR);
    for (const user of [alice, bob]) {
      const { auto_delete_change } = (await user.get("/chats")).body.chats[0];
      expect(auto_delete_change).toEqual(body.auto_delete_change);
    }
    expect((await set(1, alice)).body.auto_delete_change).toEqual(body.auto_delete_change);
    const off = await set(null, alice);
    expect(off.body.auto_delete_change).toMatchObject({ user_id: alice.id, after: 2 });
    expect(off.body.expired_until).toBeGreaterThanOrEqual(body.expired_until);
  });

  it("is recorded at the creation of a chat with the setting only", async () => {
    expect((await alice.get(`/chats/${chat_id}`)).body).not.toHaveProperty("auto_delete_change");
    expect((await alice.get(`/chats/${chat_id}`)).body).not.toHaveProperty("expired_until");
    const made = await alice.post("/chats", {
      ...{ ...PARAMETERS, peer_name: `carol-${count}`, auto_delete_hours: 24 },
    });
    expect(made.body.auto_delete_change).toMatchObject({ user_id: alice.id, after: 0 });
    const aboveMaximum = { ...PARAMETERS, peer_name: `carol-${count}`, auto_delete_hours: 87_601 };
    expect((await bob.post("/chats", aboveMaximum)).status).toBe(422);
  });

  it("sends chat_changed once a change, to the connections of both members that announced the capability", async () => {
    const ofMembers = await Promise.all([alice, bob].map((user) => user.connect(["chat_changed"])));
    const withoutCapability = await bob.connect(["delivered"]);
    const ofNonMember = await carol.connect(["chat_changed"]);
    await set(1);
    for (const connection of ofMembers) {
      const frame = await connection.nextOf(
        "status",
        (value) => value.event_type === "chat_changed",
      );
      expect(frame).toMatchObject({ value: { user_id: bob.id, chat_id } });
    }
    await set(1);
    await write(0);
    for (const connection of ofMembers) {
      expect(await connection.next()).toMatchObject({ type: "message", value: { seq: 1 } });
    }
    expect(await withoutCapability.next()).toMatchObject({ type: "message" });
    expect(await ofNonMember.isQuiet()).toBe(true);
    const all = [...ofMembers, withoutCapability, ofNonMember];
    for (const { socket } of all) socket.close();
  });

  it("rejects reading and changing by a non-member, and invalid hours", async () => {
    await write(2 * HOUR);
    expect((await expiring("?auto_delete_hours=1", carol)).status).toBe(404);
    expect((await set(1, carol)).status).toBe(404);
    for (const hours of ["0", "-1", "1.5", "87601", "x"]) {
      expect((await expiring(`?auto_delete_hours=${hours}`)).status).toBe(422);
    }
    expect(await seqs()).toEqual([1]);
  });

  it("keeps stored_at of messages equal in deliveries and lists", async () => {
    const connection = await bob.connect();
    await write(0);
    const { value } = (await connection.nextOf("message")) as { value: { stored_at: number } };
    const { body } = await bob.get(`/chats/${chat_id}/messages`);
    expect(body.messages[0].stored_at).toBe(value.stored_at);
    expect(Math.abs(value.stored_at - Date.now() / 1000)).toBeLessThan(60);
    connection.socket.close();
  });
});
