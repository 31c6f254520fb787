import { ChatMessage, Heartbeat, StatusEvent } from "lacre";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf, messageIn, TestServer, type TestUser } from "../support.js";
import type { TestConnection } from "../websocket/test-connection.js";

const server = new TestServer();
let alice: TestUser;
let bob: TestUser;
let carol: TestUser;
let count = 0;

beforeAll(() => server.start());
afterAll(() => server.remove());

/** Creates a request of alice to bob, and a third user, carol. */
async function request(): Promise<number> {
  count += 1;
  [alice, bob, carol] = [
    await server.register(`alice-${count}`),
    await server.register(`bob-${count}`),
    await server.register(`carol-${count}`),
  ];
  return alice.requestChat(`bob-${count}`);
}

const send = (user: TestUser, chat_id: number, message = messageIn(chat_id, user.id)) =>
  user.post(`/chats/${chat_id}/messages`, jsonOf(message));
const contact = (user: TestUser, chat_id: number, action: string) =>
  user.post(`/chats/${chat_id}/contact`, { action });
const chatOf = async (user: TestUser, chat_id: number) =>
  (await user.get(`/chats/${chat_id}`)).body;
const NOT_ACCEPTED = { status: 403, body: { error_code: "ERR_NOT_ACCEPTED" } };

/** Returns the status events that arrive before the answer to a heartbeat. */
async function statusesOf(connection: TestConnection): Promise<string[]> {
  connection.send(Heartbeat, { sent_at: 1 });
  return statusesUntil(connection, ({ type }) => type === "heartbeat");
}

/** Returns the status events up to and including `last`. */
function statusesUpTo(connection: TestConnection, last: string): Promise<string[]> {
  return statusesUntil(connection, (frame) => nameOf(frame) === last);
}

type Frame = Awaited<ReturnType<TestConnection["nextIncludingPresence"]>>;

const nameOf = (frame: Frame) =>
  frame.type === "status" ? `${frame.value.event_type} ${frame.value.user_id}` : undefined;

async function statusesUntil(connection: TestConnection, isLast: (frame: Frame) => boolean) {
  const statuses: string[] = [];
  for (;;) {
    const frame = await connection.nextIncludingPresence();
    const name = nameOf(frame);
    if (name !== undefined) statuses.push(name);
    if (isLast(frame)) return statuses;
  }
}

describe("a chat request", () => {
  it("is shown to both members, and accepts one message", async () => {
    const id = await request();
    expect((await chatOf(alice, id)).request).toBe("outgoing");
    const { body } = await bob.get("/chats");
    expect(body.chats[0]).toMatchObject({ chat_id: id, request: "incoming" });
    const first = messageIn(id, alice.id);
    expect((await send(alice, id, first)).status).toBe(201);
    expect(await send(alice, id)).toMatchObject(NOT_ACCEPTED);
    // A repeated message that is already stored is acknowledged again.
    expect((await send(alice, id, first)).status).toBe(200);
    expect((await chatOf(bob, id)).last_seq).toBe(1);
  });

  it("accepts one of several simultaneous messages", async () => {
    const id = await request();
    const answers = await Promise.all(Array.from({ length: 6 }, () => send(alice, id)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 403)).toHaveLength(5);
  });

  it("accepts messages after the other member has accepted it", async () => {
    const id = await request();
    await send(alice, id);
    expect(await contact(alice, id, "accept")).toMatchObject({ status: 403 });
    expect(await contact(carol, id, "accept")).toMatchObject({ status: 404 });
    expect(await contact(bob, id, "agree")).toMatchObject({ status: 422 });
    const { status, body } = await contact(bob, id, "accept");
    expect([status, body.request]).toEqual([200, undefined]);
    expect((await contact(bob, id, "accept")).status).toBe(200);
    expect((await send(alice, id)).status).toBe(201);
    expect((await chatOf(alice, id)).request).toBeUndefined();
  });

  it("is accepted by a message of the other member, whose client may not support requests", async () => {
    const id = await request();
    const connection = await alice.connect(["chat_changed"]);
    await send(alice, id);
    expect((await send(bob, id)).status).toBe(201);
    expect((await send(alice, id)).status).toBe(201);
    expect((await chatOf(bob, id)).request).toBeUndefined();
    await statusesUpTo(connection, `chat_changed ${bob.id}`);
    connection.socket.close();
  });

  it("can be restarted by its creator, without a further message", async () => {
    const id = await request();
    await send(alice, id);
    const salt = Buffer.alloc(16, 9).toString("base64");
    const parameters = { salt, iterations: 600_000, key_check: salt };
    expect((await alice.post(`/chats/${id}/restart`, parameters)).status).toBe(200);
    expect(await send(alice, id)).toMatchObject(NOT_ACCEPTED);
    await contact(bob, id, "accept");
    expect((await send(alice, id)).status).toBe(201);
  });

  it("hides presence, receipts and typing of the other member from its creator", async () => {
    const id = await request();
    const ofBob = await bob.connect();
    const ofAlice = await alice.connect();
    await send(alice, id);
    await ofBob.nextOf("message");
    for (const event_type of ["read", "delivered", "typing"] as const) {
      const seq = event_type === "typing" ? {} : { seq: 1 };
      ofBob.send(StatusEvent, { event_type, user_id: bob.id, chat_id: id, ...seq });
    }
    await statusesOf(ofBob);
    expect(await statusesOf(ofAlice)).toEqual([]);
    await contact(bob, id, "accept");
    await statusesUpTo(ofAlice, `user_online ${bob.id}`);
    for (const one of [ofAlice, ofBob]) one.socket.close();
  });
});

describe("a blocked user", () => {
  it("cannot write or open another chat, and gets the same answers as in a request", async () => {
    const id = await request();
    await send(alice, id);
    const before = await send(alice, id);
    const { status, body } = await contact(bob, id, "block");
    expect([status, body.is_blocked]).toEqual([200, true]);
    const after = await send(alice, id);
    expect({ ...after.body, timestamp: 0 }).toEqual({ ...before.body, timestamp: 0 });
    expect(await chatOf(alice, id)).toMatchObject({ request: "outgoing" });
    expect(await chatOf(alice, id)).not.toHaveProperty("is_blocked");
    const again = await alice.post("/chats", { peer_name: `bob-${count}`, encryption_type: "x" });
    expect(again).toMatchObject({ status: 409, body: { error_code: "ERR_CHAT_EXISTS" } });
    expect(await contact(bob, id, "accept")).toMatchObject({ status: 200 });
    expect((await chatOf(bob, id)).is_blocked).toBeUndefined();
    expect((await send(alice, id)).status).toBe(201);
  });

  it("cannot write in an accepted chat until unblocked", async () => {
    const id = await request();
    await contact(bob, id, "accept");
    for (const [blocker, blocked] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      await contact(blocker, id, "block");
      expect(await send(blocked, id)).toMatchObject(NOT_ACCEPTED);
      const own = { status: 403, body: { error_code: "ERR_BLOCKED" } };
      expect(await send(blocker, id)).toMatchObject(own);
      await contact(blocker, id, "unblock");
      expect((await send(blocked, id)).status).toBe(201);
      expect((await send(blocker, id)).status).toBe(201);
    }
  });

  it("cannot set auto_delete_hours, which the blocking member can", async () => {
    const id = await request();
    await contact(bob, id, "accept");
    await contact(bob, id, "block");
    const set = (user: TestUser, auto_delete_hours: number) =>
      user.patch(`/chats/${id}/config`, { auto_delete_hours });
    expect(await set(alice, 1)).toMatchObject(NOT_ACCEPTED);
    expect(await chatOf(bob, id)).not.toHaveProperty("auto_delete_hours");
    expect((await set(bob, 2)).status).toBe(200);
    await contact(bob, id, "unblock");
    expect((await set(alice, 1)).status).toBe(200);
  });

  it("can still set auto_delete_hours in a request, as before the block", async () => {
    const id = await request();
    const set = async (auto_delete_hours: number) =>
      (await alice.patch(`/chats/${id}/config`, { auto_delete_hours })).status;
    const before = await set(1);
    await contact(bob, id, "block");
    expect([before, await set(2)]).toEqual([200, 200]);
  });

  it("and the blocking member appear offline to each other, without an event that reveals the block", async () => {
    const id = await request();
    await contact(bob, id, "accept");
    const [ofAlice, ofBob] = [await alice.connect(["chat_changed"]), await bob.connect()];
    await statusesOf(ofAlice);
    await contact(bob, id, "block");
    const statuses = await statusesUpTo(ofAlice, `user_offline ${bob.id}`);
    expect(statuses).not.toContain(`chat_changed ${bob.id}`);
    await statusesUpTo(ofBob, `user_offline ${alice.id}`);
    ofBob.send(StatusEvent, { event_type: "typing", user_id: bob.id, chat_id: id });
    ofAlice.send(StatusEvent, { event_type: "typing", user_id: alice.id, chat_id: id });
    expect(await statusesOf(ofAlice)).not.toContain(`typing ${bob.id}`);
    expect(await statusesOf(ofBob)).not.toContain(`typing ${alice.id}`);
    const again = await alice.connect();
    expect(await statusesOf(again)).toEqual([]);
    for (const one of [ofAlice, ofBob, again]) one.socket.close();
  });

  it("gets an error for a message on a WebSocket too", async () => {
    const id = await request();
    await contact(bob, id, "block");
    const connection = await alice.connect();
    connection.send(ChatMessage, messageIn(id, alice.id));
    const { value } = await connection.nextOf("error");
    expect(value).toMatchObject({ error_code: "ERR_NOT_ACCEPTED" });
    connection.socket.close();
  });
});
