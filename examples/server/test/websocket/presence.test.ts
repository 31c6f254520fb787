import { sql } from "kysely";
import { ChatMessage, Heartbeat, StatusEvent } from "lacre";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/database/open-database.js";
import { DEFAULT_TIMING } from "../../src/websocket/timing.js";
import { jsonOf, messageIn, TestServer, type TestUser, type UsersWithChat } from "../support.js";

const server = new TestServer({ ...DEFAULT_TIMING, offlineDelay: 0.3 });
let alice: TestUser;
let bob: TestUser;
let carol: TestUser;
let chat_id: number;

beforeAll(async () => {
  ({ alice, bob, carol, chat_id } = await server.startWithChat());
});
afterAll(() => server.remove());

describe("presence", () => {
  it("is sent to users who have a chat with the user, and to no other", async () => {
    const [ofBob, ofCarol] = [await bob.connect(), await carol.connect()];
    const ofAlice = await alice.connect();
    expect((await ofAlice.nextOf("status")).value).toMatchObject({
      event_type: "user_online",
      user_id: bob.id,
    });
    expect((await ofBob.nextOf("status")).value).toMatchObject({
      event_type: "user_online",
      user_id: alice.id,
    });
    ofAlice.socket.close();
    expect((await ofBob.nextOf("status")).value).toMatchObject({
      event_type: "user_offline",
      user_id: alice.id,
    });
    expect(await ofCarol.isQuietIncludingPresence()).toBe(true);
    for (const { socket } of [ofBob, ofCarol]) socket.terminate();
  });
});

describe("presence during an interruption that is shorter than the delay of user_offline", () => {
  // Long enough for a busy machine to connect in.
  const offlineDelay = 3;
  const patient = new TestServer({ ...DEFAULT_TIMING, offlineDelay });
  let users: Pick<UsersWithChat, "alice" | "bob">;
  beforeAll(async () => {
    users = await patient.startWithChat();
  });
  afterAll(() => patient.remove());

  it("does not change, nor with a second device", async () => {
    const ofBob = await users.bob.connect();
    const first = await users.alice.connect();
    await ofBob.nextOf("status");
    const second = await users.alice.connect();
    first.socket.close();
    await first.closed;
    second.socket.close();
    await second.closed;
    const third = await users.alice.connect();
    await new Promise((resolve) => setTimeout(resolve, (offlineDelay + 1) * 1000));
    expect(await ofBob.isQuietIncludingPresence()).toBe(true);
    for (const { socket } of [ofBob, third]) socket.terminate();
  });
});

describe("a user whose first frame fails because of the database", () => {
  const withoutMembers = async (work: () => Promise<void>) => {
    const db = openDatabase(server.database);
    await sql`alter table chat_members rename to hidden`.execute(db);
    await work();
    await sql`alter table hidden rename to chat_members`.execute(db);
    await db.destroy();
  };
  const connectWithFailure = async (user: TestUser) => {
    const connection = await user.openSocket();
    await connection.handshake();
    await withoutMembers(async () => {
      connection.send(Heartbeat, { sent_at: 0 });
      expect(await connection.nextError()).toBe("ERR_UNAVAILABLE");
    });
    return connection;
  };

  it("is reported as online after the next frame", async () => {
    const [jane, kim] = [await server.register("jane"), await server.register("kim")];
    await jane.chatWith("kim");
    const ofKim = await kim.connect();
    const ofJane = await connectWithFailure(jane);
    ofJane.send(Heartbeat, { sent_at: 0 });
    const { value } = await ofKim.nextOf("status");
    expect(value).toMatchObject({ event_type: "user_online", user_id: jane.id });
    for (const { socket } of [ofJane, ofKim]) socket.terminate();
  });

  it("is not reported as online after the connection is closed", async () => {
    const [liv, max] = [await server.register("liv"), await server.register("max")];
    const ofLiv = await connectWithFailure(liv);
    ofLiv.socket.close();
    await ofLiv.closed;
    await new Promise((resolve) => setTimeout(resolve, 600));
    await liv.chatWith("max");
    const ofMax = await max.connect();
    expect(await ofMax.isQuietIncludingPresence()).toBe(true);
    ofMax.socket.terminate();
  });
});

describe("a new chat", () => {
  it("is reported to both members, with the presence of the other member after it is accepted", async () => {
    const [gina, hugo] = [await server.register("gina"), await server.register("hugo")];
    const [ofGina, ofCarol] = [await gina.connect(), await carol.connect()];
    const id = await gina.chatWith("hugo");
    expect((await ofGina.nextOf("status")).value).toMatchObject({
      event_type: "user_offline",
      user_id: hugo.id,
      chat_id: id,
    });
    const ofHugo = await hugo.connect();
    await ofHugo.nextOf("status");
    const ivy = await server.register("ivy");
    const ofIvy = await ivy.connect();
    const another = await ivy.requestChat("hugo");
    for (const connection of [ofHugo, ofIvy]) {
      const { value } = await connection.nextOf("status");
      expect(value).toMatchObject({ event_type: "user_offline", chat_id: another });
    }
    await hugo.post(`/chats/${another}/contact`, { action: "accept" });
    for (const [connection, peer] of [
      [ofHugo, ivy],
      [ofIvy, hugo],
    ] as const) {
      expect((await connection.nextOf("status")).value).toMatchObject({
        event_type: "user_online",
        user_id: peer.id,
        chat_id: another,
      });
    }
    expect(await ofCarol.isQuietIncludingPresence()).toBe(true);
    for (const { socket } of [ofGina, ofHugo, ofIvy, ofCarol]) socket.terminate();
  });
});

describe("a WebSocket of one chat", () => {
  it("receives presence of the other member of that chat only", async () => {
    const [dave, erin, frank] = [
      await server.register("dave"),
      await server.register("erin"),
      await server.register("frank"),
    ];
    const id = await dave.chatWith("erin");
    await dave.chatWith("frank");
    const ofFrank = await frank.connect();
    const ofOneChat = await dave.connect([], `/ws/chat/${id}`);
    expect(await ofOneChat.isQuietIncludingPresence()).toBe(true);
    const ofErin = await erin.connect();
    const { value } = await ofOneChat.nextOf("status");
    expect(value).toMatchObject({ event_type: "user_online", user_id: erin.id });
    ofFrank.socket.close();
    await ofFrank.closed;
    ofErin.socket.close();
    const offline = await ofOneChat.nextOf("status");
    expect(offline.value).toMatchObject({ event_type: "user_offline", user_id: erin.id });
    expect(await ofOneChat.isQuietIncludingPresence()).toBe(true);
    ofOneChat.socket.terminate();
  });
});

describe("a message", () => {
  it("and a receipt are delivered to all devices of both members except the sending one", async () => {
    const devices = {
      sending: await alice.connect(),
      alice: await alice.connect(),
      "bob's phone": await bob.connect(),
      "bob's laptop": await bob.connect(["delivered"]),
    };
    const message = messageIn(chat_id, alice.id);
    devices.sending.send(ChatMessage, message);
    const { seq } = (await devices.sending.nextOf("ack")).value as { seq: number };
    for (const name of ["alice", "bob's phone", "bob's laptop"] as const) {
      expect((await devices[name].nextOf("message")).value).toMatchObject({
        client_id: message.client_id,
        seq,
      });
    }
    devices["bob's phone"].send(StatusEvent, { event_type: "read", chat_id, user_id: bob.id, seq });
    for (const name of ["sending", "alice", "bob's laptop"] as const) {
      const { value } = await devices[name].nextOf("status", (one) => one.event_type === "read");
      expect(value).toMatchObject({ event_type: "read", user_id: bob.id, seq });
    }
    for (const { socket } of Object.values(devices)) socket.terminate();
  });

  it("is delivered to the other member if it was sent over HTTP", async () => {
    const ofBob = await bob.connect();
    const message = messageIn(chat_id, alice.id);
    const { body: ack } = await alice.post(`/chats/${chat_id}/messages`, jsonOf(message));
    expect((await ofBob.nextOf("message")).value).toMatchObject({ ...message, seq: ack.seq });
    ofBob.socket.terminate();
  });
});
