import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/database/open-database.js";
import { addMember } from "../storage/rows.js";
import { TestServer, type TestUser } from "../support.js";

const server = new TestServer();
let alice: TestUser;
let bob: TestUser;
let chat_id: number;

beforeAll(async () => {
  ({ alice, bob } = await server.startWithChat());
  const body = { members: ["bob"], encryption_type: "MLS", suite: 1 };
  chat_id = (await alice.post("/chats", body)).body.chat_id;
});
afterAll(() => server.remove());

const change = (auto_delete_hours: number) =>
  alice.patch(`/chats/${chat_id}/config`, { auto_delete_hours });

describe("frames of an MLS chat", () => {
  it("are sent to connections with the capability mls", async () => {
    const connection = await alice.connect(["chat_changed", "mls"]);
    await change(1);
    const { value } = await connection.nextOf("status");
    expect(value).toMatchObject({ event_type: "chat_changed", chat_id });
    connection.socket.terminate();
  });

  it("are not sent to connections without it", async () => {
    const connection = await alice.connect(["chat_changed"]);
    await change(2);
    expect(await connection.isQuiet()).toBe(true);
    connection.socket.terminate();
  });

  it("are not sent to invited users", async () => {
    const connection = await bob.connect(["chat_changed", "mls"]);
    await change(3);
    expect(await connection.isQuiet()).toBe(true);
    connection.socket.terminate();
  });
});

describe("members of an MLS chat", () => {
  it("are not told each other's presence by it", async () => {
    const [dora, emil] = [await server.register("dora"), await server.register("emil")];
    const body = { members: ["emil"], encryption_type: "MLS", suite: 1 };
    const { body: chat } = await dora.post("/chats", body);
    const db = openDatabase(server.database);
    await addMember(db, { chat_id: chat.chat_id, user_id: emil.id, join_seq: 0 });
    await db.destroy();
    const ofDora = await dora.connect(["mls"]);
    const ofEmil = await emil.connect(["mls"]);
    expect(await ofDora.isQuietIncludingPresence()).toBe(true);
    for (const { socket } of [ofDora, ofEmil]) socket.terminate();
  });
});
