import { once } from "node:events";
import { ChatMessage, Resume } from "lacre";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { openDatabase } from "../../src/database/open-database.js";
import { PACE } from "../../src/live/pace.js";
import { forgedTokens } from "../http/forged-tokens.js";
import { messageIn, TestServer, type TestUser } from "../support.js";

const server = new TestServer(
  { ...PACE, sessionCheck: 0.3 },
  { CORS_ORIGINS: "https://chat.example" },
);
let alice: TestUser;
let bob: TestUser;
let carol: TestUser;
let chat_id: number;
let other_chat_id: number;

beforeAll(async () => {
  await server.start();
  alice = await server.register("alice");
  bob = await server.register("bob");
  carol = await server.register("carol");
  chat_id = await alice.chatWith("bob");
  other_chat_id = await alice.chatWith("carol");
});
afterAll(() => server.remove());

/** The status that a WebSocket is refused with, or "open". */
async function knock(path: string, headers: Record<string, string> = {}): Promise<number | "open"> {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}${path}`, { headers });
  socket.on("error", () => {});
  const status = await Promise.race([
    once(socket, "open").then(() => "open" as const),
    once(socket, "unexpected-response").then(([, response]) => response.statusCode as number),
  ]);
  socket.terminate();
  return status;
}

describe("the door of the WebSocket", () => {
  it("is shut to nobody, and to tokens that are not good", async () => {
    expect(await knock("/ws")).toBe(401);
    for (const [kind, token] of Object.entries(await forgedTokens(server, alice))) {
      expect([kind, await knock(`/ws?token=${token}`)]).toEqual([kind, 401]);
      expect([kind, await knock(`/ws/chat/${chat_id}?token=${token}`)]).toEqual([kind, 401]);
    }
  });

  it("opens to a ticket, once, and writes no token to the log", async () => {
    const { body } = await alice.post("/auth/ws-ticket", {});
    expect(body.expires_in).toBe(30);
    expect(await knock(`/ws?ticket=${body.ticket}`)).toBe("open");
    expect(await knock(`/ws?ticket=${body.ticket}`)).toBe(401);
    expect(await knock("/ws?ticket=invented")).toBe(401);
    expect(server.log.join("")).not.toContain(body.ticket);
    expect(server.log.join("")).not.toContain(alice.token);
  });

  it("opens to pages of the server's own origin and of those that are listed", async () => {
    const host = "chat.internal:8000";
    const from = (origin: string) => knock(`/ws?token=${alice.token}`, { origin, host });
    expect(await from("https://chat.example")).toBe("open");
    expect(await from(`http://${host}`)).toBe("open");
    for (const origin of ["https://evil.example", "null", "https://chat.example.evil.example"]) {
      expect(await from(origin)).toBe(403);
    }
  });

  it("of one chat opens to its members alone", async () => {
    const of = (user: TestUser, id: number | string) => knock(`/ws/chat/${id}?token=${user.token}`);
    expect(await of(alice, chat_id)).toBe("open");
    expect(await of(bob, chat_id)).toBe("open");
    for (const id of [chat_id, 999_999, "x"]) expect(await of(carol, id)).toBe(404);
  });

  it("asks what is no WebSocket to become one", async () => {
    const { status, body } = await server.request("GET", `/ws?token=${alice.token}`);
    expect([status, body.error_code]).toEqual([426, "ERR_UPGRADE_REQUIRED"]);
  });
});

describe("a WebSocket of one chat", () => {
  it("carries that chat's frames and no other's", async () => {
    const narrow = await alice.connect([], `/ws/chat/${chat_id}`);
    const [ofBob, ofCarol] = [await bob.connect(), await carol.connect()];
    ofCarol.send(ChatMessage, messageIn(other_chat_id, carol.id));
    const theirs = messageIn(chat_id, bob.id);
    ofBob.send(ChatMessage, theirs);
    const got = await narrow.nextOf("message");
    expect(got.value).toMatchObject({ chat_id, client_id: theirs.client_id });
    narrow.send(Resume, { chat_id: other_chat_id, after: 0, limit: 1 });
    expect(await narrow.nextOf("error")).toMatchObject({ value: { error_code: "ERR_FORBIDDEN" } });
    for (const { socket } of [narrow, ofBob, ofCarol]) socket.terminate();
  });
});

describe("a session that ends", () => {
  it("takes its connections with it at once, and no others", async () => {
    const { body } = await server.request("POST", "/auth/login", {
      username: "alice",
      password: "correct horse",
    });
    const again = server.userOf(body);
    const [here, there] = [await alice.connect(), await again.connect()];
    await again.post("/auth/logout", {});
    expect(await there.closed).toBe(4001);
    here.send(Resume, { chat_id, after: 0, limit: 1 });
    expect((await here.nextOf("message_list")).type).toBe("message_list");
    here.socket.terminate();
  });

  it("is noticed also where nobody was told", async () => {
    const { body } = await server.request("POST", "/auth/login", {
      username: "bob",
      password: "correct horse",
    });
    const connection = await server.userOf(body).connect();
    await server.withStore((store) => {
      const [, claims = ""] = body.access_token.split(".");
      const { sid } = JSON.parse(Buffer.from(claims, "base64url").toString());
      return store.revokeSession(Buffer.from(sid, "base64url"), Date.now() / 1000);
    });
    expect(await connection.closed).toBe(4001);
  });
});

describe("a session that expires", () => {
  const patient = new TestServer();
  beforeAll(() => patient.start());
  afterAll(() => patient.remove());

  it("takes its connections with it when its time has come", async () => {
    const dave = await patient.register("dave");
    const db = openDatabase(patient.database);
    const expires_at = Date.now() / 1000 + 5;
    await db.updateTable("sessions").set({ expires_at }).execute();
    await db.destroy();
    const connection = await dave.connect();
    expect(await connection.closed).toBe(4001);
    const late = Date.now() / 1000 - expires_at;
    expect(late).toBeGreaterThan(0);
    expect(late).toBeLessThan(30);
  });
});

describe("a connection that is too much", () => {
  it("takes the place of the user's oldest one, past twenty", async () => {
    const connections = [await carol.connect()];
    const [oldest] = connections;
    let code: number | undefined;
    void oldest!.closed.then((one) => {
      code = one;
    });
    // Twenty at each of two instances.
    while (code === undefined && connections.length < 41) connections.push(await carol.connect());
    expect(await oldest!.closed).toBe(4005);
    expect(connections.length).toBeGreaterThan(20);
    expect(connections.at(-1)!.socket.readyState).toBe(WebSocket.OPEN);
    for (const { socket } of connections) socket.terminate();
  });
});
