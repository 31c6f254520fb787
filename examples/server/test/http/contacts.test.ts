import { ChatMessage, Heartbeat, StatusEvent } from "lacre";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { messageIn, TestServer, type TestUser } from "../support.js";
import type { TestConnection } from "../websocket/test-connection.js";

const server = new TestServer();
let alice: TestUser;
let bob: TestUser;
let carol: TestUser;
let count = 0;

beforeAll(() => server.start());
afterAll(() => server.remove());

/** Alice asks bob for a chat; carol is somebody else. */
async function request(): Promise<number> {
  count += 1;
  [alice, bob, carol] = [
    await server.register(`alice-${count}`),
    await server.register(`bob-${count}`),
    await server.register(`carol-${count}`),
  ];
  return alice.requestChat(`bob-${count}`);
}

function jsonOf({ content, nonce, ...rest }: ChatMessage) {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  return { ...rest, content: base64(content), nonce: base64(nonce) };
}

const send = (user: TestUser, chat_id: number, message = messageIn(chat_id, user.id)) =>
  user.post(`/chats/${chat_id}/messages`, jsonOf(message));
const contact = (user: TestUser, chat_id: number, action: string) =>
  user.post(`/chats/${chat_id}/contact`, { action });
const seen = async (user: TestUser, chat_id: number) => (await user.get(`/chats/${chat_id}`)).body;
const NOT_ACCEPTED = { status: 403, body: { error_code: "ERR_NOT_ACCEPTED" } };

/** The statuses that come up to a heartbeat's answer. */
async function statusesOf(connection: TestConnection): Promise<string[]> {
  connection.send(Heartbeat, { sent_at: 1 });
  return statusesUntil(connection, ({ type }) => type === "heartbeat");
}

/** The statuses that come up to one, included. */
function statusesUpTo(connection: TestConnection, last: string): Promise<string[]> {
  return statusesUntil(connection, (frame) => nameOf(frame) === last);
}

type Frame = Awaited<ReturnType<TestConnection["nextOfAll"]>>;

const nameOf = (frame: Frame) =>
  frame.type === "status" ? `${frame.value.event_type} ${frame.value.user_id}` : undefined;

async function statusesUntil(connection: TestConnection, isLast: (frame: Frame) => boolean) {
  const statuses: string[] = [];
  for (;;) {
    const frame = await connection.nextOfAll();
    const name = nameOf(frame);
    if (name !== undefined) statuses.push(name);
    if (isLast(frame)) return statuses;
  }
}

describe("a chat that was not accepted yet", () => {
  it("shows as a request to both, and takes one message", async () => {
    const id = await request();
    expect((await seen(alice, id)).request).toBe("outgoing");
    const { body } = await bob.get("/chats");
    expect(body.chats[0]).toMatchObject({ chat_id: id, request: "incoming" });
    const first = messageIn(id, alice.id);
    expect((await send(alice, id, first)).status).toBe(201);
    expect(await send(alice, id)).toMatchObject(NOT_ACCEPTED);
    // What was stored is acknowledged again.
    expect((await send(alice, id, first)).status).toBe(200);
    expect((await seen(bob, id)).last_seq).toBe(1);
  });

  it("takes one message also where several come at once", async () => {
    const id = await request();
    const answers = await Promise.all(Array.from({ length: 6 }, () => send(alice, id)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 403)).toHaveLength(5);
  });

  it("goes on once it is accepted, by its other member only", async () => {
    const id = await request();
    await send(alice, id);
    expect(await contact(alice, id, "accept")).toMatchObject({ status: 403 });
    expect(await contact(carol, id, "accept")).toMatchObject({ status: 404 });
    expect(await contact(bob, id, "agree")).toMatchObject({ status: 422 });
    const { status, body } = await contact(bob, id, "accept");
    expect([status, body.request]).toEqual([200, undefined]);
    expect((await contact(bob, id, "accept")).status).toBe(200);
    expect((await send(alice, id)).status).toBe(201);
    expect((await seen(alice, id)).request).toBeUndefined();
  });

  it("is accepted by an answer, as clients that know nothing of requests give it", async () => {
    const id = await request();
    const connection = await alice.connect(["chat_changed"]);
    await send(alice, id);
    expect((await send(bob, id)).status).toBe(201);
    expect((await send(alice, id)).status).toBe(201);
    expect((await seen(bob, id)).request).toBeUndefined();
    await statusesUpTo(connection, `chat_changed ${bob.id}`);
    connection.socket.close();
  });

  it("may be started over by its creator, and takes no other message then", async () => {
    const id = await request();
    await send(alice, id);
    const salt = Buffer.alloc(16, 9).toString("base64");
    const parameters = { salt, iterations: 600_000, key_check: salt };
    expect((await alice.post(`/chats/${id}/restart`, parameters)).status).toBe(200);
    expect(await send(alice, id)).toMatchObject(NOT_ACCEPTED);
    await contact(bob, id, "accept");
    expect((await send(alice, id)).status).toBe(201);
  });

  it("tells its creator nothing of the other: presence, receipts or typing", async () => {
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

describe("a user who is blocked", () => {
  it("cannot write, nor open another chat, and is told no more than before a chat is accepted", async () => {
    const id = await request();
    await send(alice, id);
    const before = await send(alice, id);
    const { status, body } = await contact(bob, id, "block");
    expect([status, body.is_blocked]).toEqual([200, true]);
    const after = await send(alice, id);
    expect({ ...after.body, timestamp: 0 }).toEqual({ ...before.body, timestamp: 0 });
    expect(await seen(alice, id)).toMatchObject({ request: "outgoing" });
    expect(await seen(alice, id)).not.toHaveProperty("is_blocked");
    const again = await alice.post("/chats", { peer_name: `bob-${count}`, encryption_type: "x" });
    expect(again).toMatchObject({ status: 409, body: { error_code: "ERR_CHAT_EXISTS" } });
    expect(await contact(bob, id, "accept")).toMatchObject({ status: 200 });
    expect((await seen(bob, id)).is_blocked).toBeUndefined();
    expect((await send(alice, id)).status).toBe(201);
  });

  it("cannot write in a chat that was accepted, until the other one unblocks them", async () => {
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

  it("cannot change when messages are deleted, and the blocker can", async () => {
    const id = await request();
    await contact(bob, id, "accept");
    await contact(bob, id, "block");
    const set = (user: TestUser, auto_delete_hours: number) =>
      user.patch(`/chats/${id}/config`, { auto_delete_hours });
    expect(await set(alice, 1)).toMatchObject(NOT_ACCEPTED);
    expect(await seen(bob, id)).not.toHaveProperty("auto_delete_hours");
    expect((await set(bob, 2)).status).toBe(200);
    await contact(bob, id, "unblock");
    expect((await set(alice, 1)).status).toBe(200);
  });

  it("gets the same answer as before the block when they set up deletion in a request", async () => {
    const id = await request();
    const set = async (auto_delete_hours: number) =>
      (await alice.patch(`/chats/${id}/config`, { auto_delete_hours })).status;
    const before = await set(1);
    await contact(bob, id, "block");
    expect([before, await set(2)]).toEqual([200, 200]);
  });

  it("is offline to the blocker, as the blocker is to them, and gets no event that says why", async () => {
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
