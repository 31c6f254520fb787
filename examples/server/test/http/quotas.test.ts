import { AuthResponse, ChatMessage } from "lacre";
import { afterAll, beforeAll, expect, it } from "vitest";
import { jsonOf, messageIn, PASSWORD, TestServer } from "../support.js";

const server = new TestServer(undefined, {
  QUOTA_SESSIONS: "3",
  QUOTA_CHATS: "2",
  QUOTA_STORED_MIB: "1",
});
beforeAll(() => server.start());
afterAll(() => server.remove());

const EXCEEDED = { status: 403, body: { error_code: "ERR_QUOTA_EXCEEDED" } };

it("ends the least recently refreshed session and its connections when a login exceeds QUOTA_SESSIONS", async () => {
  await server.register("sally");
  const logIn = async () => {
    const credentials = { username: "sally", password: PASSWORD };
    return AuthResponse.parse((await server.request("POST", "/auth/login", credentials)).body);
  };
  const [refreshed, leastRecent] = [await logIn(), await logIn()];
  const { body } = await server.request("POST", "/auth/refresh", {
    refresh_token: refreshed.refresh_token,
  });
  const connection = await server.userOf(leastRecent).connect();
  // The two logins end the session of the registration, and the one that was not refreshed.
  const [third, fourth] = [await logIn(), await logIn()];
  expect(await connection.closed).toBe(4001);
  const statuses = [];
  for (const answer of [leastRecent, body, third, fourth]) {
    statuses.push((await server.userOf(answer).get("/users/me")).status);
  }
  expect(statuses).toEqual([401, 200, 200, 200]);
});

it("keeps a new session after the clock is set back", async () => {
  const { id: user_id } = await server.register("mona");
  await server.withStore(async (store) => {
    const created_at = Date.now() / 1000 + 3600;
    for (let byte = 1; byte <= 3; byte++) {
      const [id, refresh_id] = [new Uint8Array(16).fill(byte), new Uint8Array(16)];
      const session = { id, user_id, refresh_id, created_at, expires_at: created_at + 3600 };
      await store.sessions.create(session);
    }
  });
  const mona = await server.login("mona");
  expect((await mona.get("/users/me")).status).toBe(200);
});

it("counts no logged-out sessions", async () => {
  await server.register("larry");
  const kept = await server.login("larry");
  for (let index = 0; index < 5; index++) {
    await (await server.login("larry")).post("/auth/logout", {});
  }
  expect((await kept.get("/users/me")).status).toBe(200);
});

it("rejects a chat above QUOTA_CHATS, which counts only chats that the user created", async () => {
  const alice = await server.register("alice");
  for (const name of ["bob", "carol", "dave"]) await server.register(name);
  const erin = await server.register("erin");
  await erin.requestChat("alice");
  await alice.requestChat("bob");
  await alice.requestChat("carol");
  expect(
    await alice.post("/chats", { peer_name: "dave", encryption_type: "lacre/e2e/1" }),
  ).toMatchObject(EXCEEDED);
  const mls = { members: ["dave"], encryption_type: "MLS", suite: 1 };
  expect(await alice.post("/chats", mls)).toMatchObject(EXCEEDED);
  const frank = await server.register("frank");
  expect(await frank.requestChat("alice")).toBeGreaterThan(0);
  // A client that lost the answer to its first request looks for the existing chat after ERR_CHAT_EXISTS.
  for (const peer_name of ["bob", "erin"]) {
    expect(await alice.post("/chats", { peer_name, encryption_type: "lacre/e2e/1" })).toMatchObject(
      { status: 409, body: { error_code: "ERR_CHAT_EXISTS" } },
    );
  }
});

it("rejects a message above QUOTA_STORED_MIB, over HTTP and WebSocket", async () => {
  const user = await server.register("grace");
  await server.register("heidi");
  const chat_id = await user.chatWith("heidi");
  const connection = await user.connect();
  const sized = (bytes: number) => messageIn(chat_id, user.id, { content: new Uint8Array(bytes) });
  for (const bytes of [700_000, 1024 * 1024 - 700_000]) {
    connection.send(ChatMessage, sized(bytes));
    expect((await connection.nextOf("ack")).type).toBe("ack");
  }
  const message = sized(1);
  connection.send(ChatMessage, message);
  expect(await connection.nextError()).toBe("ERR_QUOTA_EXCEEDED");
  expect(await user.post(`/chats/${chat_id}/messages`, jsonOf(message))).toMatchObject(EXCEEDED);
});
