import { AuthResponse, ChatMessage } from "lacre";
import { afterAll, beforeAll, expect, it } from "vitest";
import { messageIn, PASSWORD, TestServer } from "../support.js";

const server = new TestServer(undefined, {
  QUOTA_SESSIONS: "3",
  QUOTA_CHATS: "2",
  QUOTA_STORED_MIB: "1",
});
beforeAll(() => server.start());
afterAll(() => server.remove());

const EXCEEDED = { status: 403, body: { error_code: "ERR_QUOTA_EXCEEDED" } };

it("ends the session that was renewed least recently, and its connections, when one more begins", async () => {
  await server.register("sally");
  const logIn = async () => {
    const credentials = { username: "sally", password: PASSWORD };
    return AuthResponse.parse((await server.request("POST", "/auth/login", credentials)).body);
  };
  const [renewed, oldest] = [await logIn(), await logIn()];
  const { body } = await server.request("POST", "/auth/refresh", {
    refresh_token: renewed.refresh_token,
  });
  const connection = await server.userOf(oldest).connect();
  // The registration's session and the one that was not renewed are ended.
  const [third, fourth] = [await logIn(), await logIn()];
  expect(await connection.closed).toBe(4001);
  const statuses = [];
  for (const answer of [oldest, body, third, fourth]) {
    statuses.push((await server.userOf(answer).get("/users/me")).status);
  }
  expect(statuses).toEqual([401, 200, 200, 200]);
});

it("keeps a session that begins after the clock was set back", async () => {
  const { id: user_id } = await server.register("mona");
  await server.withStore(async (store) => {
    const created_at = Date.now() / 1000 + 3600;
    for (let byte = 1; byte <= 3; byte++) {
      const [id, refresh_id] = [new Uint8Array(16).fill(byte), new Uint8Array(16)];
      const session = { id, user_id, refresh_id, created_at, expires_at: created_at + 3600 };
      await store.createSession(session);
    }
  });
  const credentials = { username: "mona", password: PASSWORD };
  const { body } = await server.request("POST", "/auth/login", credentials);
  expect((await server.userOf(body).get("/users/me")).status).toBe(200);
});

it("deletes the rows of sessions that were logged out before it ends others", async () => {
  await server.register("larry");
  const logIn = async () =>
    server.userOf(
      (await server.request("POST", "/auth/login", { username: "larry", password: PASSWORD })).body,
    );
  const kept = await logIn();
  for (let index = 0; index < 5; index++) await (await logIn()).post("/auth/logout", {});
  expect((await kept.get("/users/me")).status).toBe(200);
});

it("rejects a chat past those that a user may open, and not those that others open", async () => {
  const alice = await server.register("alice");
  for (const name of ["bob", "carol", "dave"]) await server.register(name);
  const erin = await server.register("erin");
  await erin.requestChat("alice");
  await alice.requestChat("bob");
  await alice.requestChat("carol");
  expect(
    await alice.post("/chats", { peer_name: "dave", encryption_type: "lacre/e2e/1" }),
  ).toMatchObject(EXCEEDED);
  const frank = await server.register("frank");
  expect(await frank.requestChat("alice")).toBeGreaterThan(0);
  // The answer to the first request may have been lost, and clients look for the chat then.
  for (const peer_name of ["bob", "erin"]) {
    expect(await alice.post("/chats", { peer_name, encryption_type: "lacre/e2e/1" })).toMatchObject(
      { status: 409, body: { error_code: "ERR_CHAT_EXISTS" } },
    );
  }
});

it("rejects a message past the bytes that are stored of a user, by HTTP and by WebSocket", async () => {
  const user = await server.register("grace");
  await server.register("heidi");
  const chat_id = await user.chatWith("heidi");
  const connection = await user.connect();
  const sized = (bytes: number) => messageIn(chat_id, user.id, { content: new Uint8Array(bytes) });
  for (const bytes of [700_000, 1024 * 1024 - 700_000]) {
    connection.send(ChatMessage, sized(bytes));
    expect((await connection.nextOf("ack")).type).toBe("ack");
  }
  const { content, nonce, ...rest } = sized(1);
  connection.send(ChatMessage, { content, nonce, ...rest });
  expect(await connection.nextError()).toBe("ERR_QUOTA_EXCEEDED");
  const [text, number] = [content, nonce].map((bytes) => Buffer.from(bytes).toString("base64"));
  const message = { ...rest, content: text, nonce: number };
  expect(await user.post(`/chats/${chat_id}/messages`, message)).toMatchObject(EXCEEDED);
});
