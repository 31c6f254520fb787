import { request } from "node:http";
import { connect } from "node:net";
import { ChatMessage, MessageListResponse, MessageProtocol } from "lacre";
import { directionKeys } from "lacre/session";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Stored } from "../../src/http/bodies.js";
import { messageIn, TestServer, type TestUser } from "../support.js";

const server = new TestServer(undefined, {
  CORS_ORIGINS: "https://chat.example",
  METRICS_TOKEN: "for the operator alone",
});
let alice: TestUser;
let chat_id: number;
beforeAll(async () => {
  await server.start();
  alice = await server.register("alice");
  await server.register("bob");
  chat_id = await alice.chatWith("bob");
});
afterAll(() => server.remove());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${server.url}${path}`, { headers });

describe("errors", () => {
  it.each([
    ["GET", "/nothing", 404, "ERR_NOT_FOUND"],
    ["GET", "/%E0%A4%A", 404, "ERR_NOT_FOUND"],
    ["GET", "/auth/login", 405, "ERR_METHOD_NOT_ALLOWED"],
    ["DELETE", "/health", 405, "ERR_METHOD_NOT_ALLOWED"],
    ["POST", "/openapi.json", 405, "ERR_METHOD_NOT_ALLOWED"],
  ])("%s %s is %i %s", async (method, path, status, error_code) => {
    const response = await fetch(`${server.url}${path}`, { method });
    expect([response.status, (await response.json()).error_code]).toEqual([status, error_code]);
    if (status === 405) expect(response.headers.get("allow")).toMatch(/^(GET|POST)$/);
  });

  it("of bodies that are too large, of another type, or no JSON", async () => {
    const post = async (body: string, type: string) => {
      const headers = { "content-type": type };
      const response = await fetch(`${server.url}/auth/login`, { method: "POST", body, headers });
      return [response.status, (await response.json()).error_code];
    };
    const json = "application/json";
    expect(await post(`"${"x".repeat(1024 * 1024)}"`, json)).toEqual([413, "ERR_BODY_TOO_LARGE"]);
    expect(await post("{}", "application/xml")).toEqual([415, "ERR_MEDIA_TYPE"]);
    expect(await post("{", json)).toEqual([400, "ERR_MALFORMED_JSON"]);
    expect(await post('{"__proto__":{"username":"alice"}}', json)).toEqual([422, "ERR_VALIDATION"]);
    expect(await post(`${"[".repeat(200_000)}`, json)).toEqual([400, "ERR_MALFORMED_JSON"]);
  });

  it("of headers that are too large come from Node, and the server goes on", async () => {
    const status = await new Promise((resolve) => {
      request(`${server.url}/health`, { headers: { "x-long": "x".repeat(20_000) } })
        .on("response", (response) => resolve(response.resume().statusCode))
        .end();
    });
    expect(status).toBe(431);
    expect((await get("/health")).status).toBe(200);
  });

  it("of what is no HTTP do not stop the server", async () => {
    const socket = connect(Number(new URL(server.url).port));
    socket.end("\u0000\u0001 nonsense\r\n\r\n");
    await new Promise((resolve) => socket.resume().on("close", resolve));
    expect((await get("/health")).status).toBe(200);
  });
});

describe("headers", () => {
  it("keep pages from framing, sniffing and leaking", async () => {
    const { headers } = await get("/health");
    expect(headers.get("content-security-policy")).toBe(
      "default-src 'none'; frame-ancestors 'none'",
    );
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("x-powered-by")).toBeNull();
  });

  it("let in pages of the origins that are listed, and of no other", async () => {
    const allowed = async (origin: string) =>
      (await get("/health", { origin })).headers.get("access-control-allow-origin");
    expect(await allowed("https://chat.example")).toBe("https://chat.example");
    for (const origin of ["https://evil.example", "https://chat.example.evil", "null"]) {
      expect(await allowed(origin)).toBeNull();
    }
  });

  it("name the request, by the id that it came with if that is one", async () => {
    const id = async (given: string) =>
      (await get("/health", { "x-request-id": given })).headers.get("x-request-id");
    expect(await id("from-a-proxy-1")).toBe("from-a-proxy-1");
    expect(await id('"}injected{"')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await id("short")).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("the log", () => {
  it("has no token, password or query", async () => {
    await get("/users/search?q=secret-query", { authorization: `Bearer ${alice.token}` });
    await get(`/ws?token=${alice.token}`);
    const log = server.log.join("");
    expect(log).toContain("/users/search");
    for (const secret of [alice.token, "correct horse", "secret-query", "Bearer"]) {
      expect(log).not.toContain(secret);
    }
  });
});

describe("metrics", () => {
  it("are for who has the token", async () => {
    expect((await get("/metrics")).status).toBe(401);
    expect((await get("/metrics", { authorization: "Bearer wrong" })).status).toBe(401);
    const response = await get("/metrics", { authorization: "Bearer for the operator alone" });
    const text = await response.text();
    expect(text).toContain("lacre_http_request_seconds_count");
    expect(text).toContain('route="/chats"');
    expect(text).not.toContain("alice");
  });
});

describe("frames over HTTP", () => {
  const frames = "application/msgpack";
  const send = (frame: Uint8Array) =>
    fetch(`${server.url}/chats/${chat_id}/messages`, {
      method: "POST",
      body: frame as Uint8Array<ArrayBuffer>,
      headers: { authorization: `Bearer ${alice.token}`, "content-type": frames, accept: frames },
    });
  const opened = async (response: Response) =>
    MessageProtocol.open(await response.arrayBuffer(), {
      key: directionKeys(alice.sessionKey).server,
    });

  it.each([1, 2] as const)(
    "a message goes in and its acknowledgement comes out, on wire %i",
    async (wire) => {
      const key = directionKeys(alice.sessionKey).client;
      const message = messageIn(chat_id, alice.id);
      const response = await send(ChatMessage.toProtocol(message, key, { wire }).toBytes());
      expect(response.status).toBe(201);
      const ack = await opened(response);
      expect(ack.wire).toBe(wire);
      expect(Stored.fromProtocol(ack)).toMatchObject({ chat_id, client_id: message.client_id });

      const headers = { authorization: `Bearer ${alice.token}`, accept: frames };
      const list = await opened(await get(`/chats/${chat_id}/messages`, headers));
      expect(MessageListResponse.fromProtocol(list).messages.at(-1)).toMatchObject({
        client_id: message.client_id,
        content: message.content,
      });
    },
  );

  it("is refused under a wrong key, when it is old, and without a client id", async () => {
    const { client, server: other } = directionKeys(alice.sessionKey);
    const message = messageIn(chat_id, alice.id);
    const { client_id: _, ...withoutId } = message;
    const refusal = async (frame: Uint8Array) => {
      const response = await send(frame);
      return [response.status, (await response.json()).error_code];
    };
    const old = { timestamp: Date.now() / 1000 - 1000 };
    expect(await refusal(ChatMessage.toProtocol(message, other).toBytes())).toEqual([
      400,
      "ERR_VERIFY",
    ]);
    expect(await refusal(ChatMessage.toProtocol(message, client, old).toBytes())).toEqual([
      400,
      "ERR_EXPIRED",
    ]);
    expect(await refusal(ChatMessage.toProtocol(withoutId, client).toBytes())).toEqual([
      422,
      "ERR_VALIDATION",
    ]);
    expect(await refusal(new Uint8Array(50))).toEqual([400, "ERR_MALFORMED"]);
  });
});
