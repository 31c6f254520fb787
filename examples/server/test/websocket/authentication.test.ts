import { once } from "node:events";
import { ChatMessage, Resume } from "lacre";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { openDatabase } from "../../src/database/open-database.js";
import { DEFAULT_TIMING } from "../../src/websocket/timing.js";
import { forgedTokens } from "../http/forged-tokens.js";
import { messageIn, TestServer, type TestUser } from "../support.js";

const server = new TestServer(
  { ...DEFAULT_TIMING, sessionCheck: 0.3 },
  { CORS_ORIGINS: "https://chat.example" },
);
let alice: TestUser;
let bob: TestUser;
let carol: TestUser;
let chat_id: number;
let other_chat_id: number;

beforeAll(async () => {
  ({ alice, bob, carol, chat_id } = await server.startWithChat());
  other_chat_id = await alice.chatWith("carol");
});
afterAll(() => server.remove());

/** Opens a WebSocket. Returns the status with which the server rejects it, or "open". */
async function handshakeStatus(
  path: string,
  headers: Record<string, string> = {},
): Promise<number | "open"> {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}${path}`, { headers });
  socket.on("error", () => {});
  const status = await Promise.race([
    once(socket, "open").then(() => "open" as const),
    once(socket, "unexpected-response").then(([, response]) => response.statusCode as number),
  ]);
  socket.terminate();
  return status;
}

describe("WebSocket authentication", () => {
  it("rejects missing and invalid tokens", async () => {
    expect(await handshakeStatus("/ws")).toBe(401);
    for (const [kind, token] of Object.entries(await forgedTokens(server, alice))) {
      expect([kind, await handshakeStatus(`/ws?token=${token}`)]).toEqual([kind, 401]);
      expect([kind, await handshakeStatus(`/ws/chat/${chat_id}?token=${token}`)]).toEqual([
        kind,
        401,
      ]);
    }
  });

  it("accepts a ticket once and logs no token", async () => {
    const { body } = await alice.post("/auth/ws-ticket", {});
    expect(body.expires_in).toBe(30);
    expect(await handshakeStatus(`/ws?ticket=${body.ticket}`)).toBe("open");
    expect(await handshakeStatus(`/ws?ticket=${body.ticket}`)).toBe(401);
    expect(await handshakeStatus("/ws?ticket=invented")).toBe(401);
    expect(server.log.join("")).not.toContain(body.ticket);
    expect(server.log.join("")).not.toContain(alice.token);
  });

  it("accepts pages of the server's own origin and of listed origins", async () => {
    const host = "chat.internal:8000";
    const from = (origin: string) => handshakeStatus(`/ws?token=${alice.token}`, { origin, host });
    expect(await from("https://chat.example")).toBe("open");
    expect(await from(`http://${host}`)).toBe("open");
    for (const origin of ["https://evil.example", "null", "https://chat.example.evil.example"]) {
      expect(await from(origin)).toBe(403);
    }
  });

  it("logs the setting that allows a rejected origin", async () => {
    server.log.length = 0;
    const origin = "https://chat.example:8443";
    expect(
      await handshakeStatus(`/ws?token=${alice.token}`, { origin, host: "10.0.0.7:8000" }),
    ).toBe(403);
    const lines = server.log.map((line) => JSON.parse(line));
    expect(lines.filter(({ level }) => level === 40)).toMatchObject([
      { origin, host: "10.0.0.7:8000", msg: expect.stringMatching(/CORS_ORIGINS.*Host header/) },
    ]);
  });

  it("issues tickets to pages of the same origins", async () => {
    const ticketFor = async (origin: string) => {
      const headers = { authorization: `Bearer ${alice.token}`, origin };
      const response = await server.fetch("/auth/ws-ticket", { method: "POST", headers });
      return [response.status, (await response.json()).error_code];
    };
    expect(await ticketFor("https://chat.example")).toEqual([200, undefined]);
    expect(await ticketFor("https://evil.example")).toEqual([403, "ERR_ORIGIN"]);
  });

  it("accepts only members on the WebSocket of one chat", async () => {
    const of = (user: TestUser, id: number | string) =>
      handshakeStatus(`/ws/chat/${id}?token=${user.token}`);
    expect(await of(alice, chat_id)).toBe("open");
    expect(await of(bob, chat_id)).toBe("open");
    for (const id of [chat_id, 999_999, "x"]) expect(await of(carol, id)).toBe(404);
  });

  it("answers 426 to a request without an upgrade", async () => {
    const { status, body } = await server.request("GET", `/ws?token=${alice.token}`);
    expect([status, body.error_code]).toEqual([426, "ERR_UPGRADE_REQUIRED"]);
  });
});

describe("a WebSocket of one chat", () => {
  it("carries frames of that chat only", async () => {
    const ofOneChat = await alice.connect([], `/ws/chat/${chat_id}`);
    const [ofBob, ofCarol] = [await bob.connect(), await carol.connect()];
    ofCarol.send(ChatMessage, messageIn(other_chat_id, carol.id));
    const message = messageIn(chat_id, bob.id);
    ofBob.send(ChatMessage, message);
    const received = await ofOneChat.nextOf("message");
    expect(received.value).toMatchObject({ chat_id, client_id: message.client_id });
    ofOneChat.send(Resume, { chat_id: other_chat_id, after: 0, limit: 1 });
    expect(await ofOneChat.nextOf("error")).toMatchObject({
      value: { error_code: "ERR_FORBIDDEN" },
    });
    for (const { socket } of [ofOneChat, ofBob, ofCarol]) socket.terminate();
  });
});

describe("a session that ends", () => {
  it("closes its own connections immediately", async () => {
    const again = await server.login("alice");
    const [other, ofSession] = [await alice.connect(), await again.connect()];
    await again.post("/auth/logout", {});
    expect(await ofSession.closed).toBe(4001);
    other.send(Resume, { chat_id, after: 0, limit: 1 });
    expect((await other.nextOf("message_list")).type).toBe("message_list");
    other.socket.terminate();
  });

  it("is detected by the periodic check if the pub/sub message was lost", async () => {
    const again = await server.login("bob");
    const connection = await again.connect();
    await revokeSilently(server, again.token);
    expect(await connection.closed).toBe(4001);
  });
});

/** Ends a session in the database, without a pub/sub message. */
function revokeSilently(at: TestServer, token: string): Promise<void> {
  const [, claims = ""] = token.split(".");
  const { sid } = JSON.parse(Buffer.from(claims, "base64url").toString());
  return at.withStore((store) =>
    store.sessions.revoke(Buffer.from(sid, "base64url"), Date.now() / 1000),
  );
}

describe("a session between two periodic checks", () => {
  const withRareChecks = new TestServer();
  beforeAll(() => withRareChecks.start());
  afterAll(() => withRareChecks.remove());

  it("handles no frame if the session ended after the connection opened", async () => {
    const [erin, frank] = [
      await withRareChecks.register("erin"),
      await withRareChecks.register("frank"),
    ];
    const id = await erin.chatWith("frank");
    const connection = await erin.openSocket();
    await connection.handshake();
    await revokeSilently(withRareChecks, erin.token);
    connection.send(ChatMessage, messageIn(id, erin.id));
    expect(await connection.closed).toBe(4001);
    expect((await frank.get(`/chats/${id}/messages`)).body.messages).toEqual([]);
  });

  it("closes its connections when it expires", async () => {
    const dave = await withRareChecks.register("dave");
    const db = openDatabase(withRareChecks.database);
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

describe("the maximum number of connections", () => {
  it("closes the oldest connection of a user with more than 20", async () => {
    const connections = [await carol.connect()];
    const [oldest] = connections;
    let code: number | undefined;
    void oldest!.closed.then((one) => {
      code = one;
    });
    // With two instances, each accepts 20 connections.
    while (code === undefined && connections.length < 41) connections.push(await carol.connect());
    expect(await oldest!.closed).toBe(4005);
    expect(connections.length).toBeGreaterThan(20);
    expect(connections.at(-1)!.socket.readyState).toBe(WebSocket.OPEN);
    for (const { socket } of connections) socket.terminate();
  });

  it("does not count unconfirmed connections against confirmed ones", async () => {
    const own = await carol.connect();
    const unconfirmed = [await carol.openSocket()];
    await unconfirmed[0]!.handshake();
    let code: number | undefined;
    void unconfirmed[0]!.closed.then((one) => {
      code = one;
    });
    while (code === undefined && unconfirmed.length < 41) {
      unconfirmed.push(await carol.openSocket());
      await unconfirmed.at(-1)!.handshake();
    }
    expect(await unconfirmed[0]!.closed).toBe(1013);
    expect(unconfirmed.length).toBeGreaterThan(20);
    expect(await own.isQuiet()).toBe(true);
    const another = await carol.connect();
    expect(await another.isQuiet()).toBe(true);
    for (const { socket } of [own, another, ...unconfirmed]) socket.terminate();
  });
});
