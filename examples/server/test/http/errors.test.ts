import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { ErrorResponse } from "lacre";
import { isErrorCode } from "lacre-api";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { TestServer } from "../support.js";

const server = new TestServer();
beforeAll(() => server.start());
afterAll(() => server.remove());

let users = 0;

/** Sends bytes over TCP, and returns the status and the error code of the answer. */
async function sendRaw(text: string): Promise<[number, string]> {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  let answer = "";
  socket.setEncoding("utf8").on("data", (part) => {
    answer += part;
  });
  socket.write(text);
  await once(socket, "close");
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  const { error_code } = ErrorResponse.parse(JSON.parse(body));
  expect(isErrorCode(error_code)).toBe(true);
  expect(head.toLowerCase()).toContain(`content-length: ${Buffer.byteLength(body)}`);
  return [Number(head.split(" ")[1]), error_code];
}

async function answerTo(path: string, init?: RequestInit): Promise<[number, string]> {
  const response = await server.fetch(path, init);
  return [response.status, ErrorResponse.parse(await response.json()).error_code];
}

describe("an ErrorResponse is the answer to", () => {
  it.each([
    ["GET", "/nothing", 404, "ERR_NOT_FOUND"],
    ["GET", "/chats/1/nothing", 401, "ERR_NOT_AUTHENTICATED"],
    ["GET", "/docs/", 404, "ERR_NOT_FOUND"],
    ["GET", "/%E0%A4%A", 400, "ERR_MALFORMED_ADDRESS"],
    ["GET", "/users/search?q=%ff", 400, "ERR_MALFORMED_ADDRESS"],
    ["GET", "/auth/login", 405, "ERR_METHOD_NOT_ALLOWED"],
    ["DELETE", "/health", 405, "ERR_METHOD_NOT_ALLOWED"],
    ["POST", "/openapi.json", 405, "ERR_METHOD_NOT_ALLOWED"],
    ["GET", "/ws", 401, "ERR_NOT_AUTHENTICATED"],
  ])("%s %s: %i %s", async (method, path, status, error_code) => {
    expect(await answerTo(path, { method })).toEqual([status, error_code]);
  });

  it("a wrong method, with the allowed ones in the header Allow", async () => {
    const allowed = async (method: string, path: string) =>
      (await server.fetch(path, { method })).headers.get("allow");
    expect(await allowed("PUT", "/auth/login")).toBe("POST");
    expect(await allowed("DELETE", "/health")).toBe("GET, HEAD");
  });

  it.each([
    ["too large", `"${"x".repeat(64 * 1024)}"`, "application/json", 413, "ERR_BODY_TOO_LARGE"],
    ["far too large", `"${"x".repeat(4_000_000)}"`, "application/json", 413, "ERR_BODY_TOO_LARGE"],
    ["of an unsupported type", "{}", "application/xml", 415, "ERR_MEDIA_TYPE"],
    ["an HTML form", "username=alice", "application/x-www-form-urlencoded", 415, "ERR_MEDIA_TYPE"],
    ["not JSON", "{", "application/json", 400, "ERR_MALFORMED_JSON"],
    ["empty", "", "application/json", 400, "ERR_MALFORMED_JSON"],
    [
      "deeply nested",
      "[".repeat(60_000),
      "application/json; charset=utf-8",
      400,
      "ERR_MALFORMED_JSON",
    ],
    ["a list", "[]", "application/json", 422, "ERR_VALIDATION"],
    [
      "an object with __proto__",
      '{"__proto__":{"username":"alice"}}',
      "application/json",
      422,
      "ERR_VALIDATION",
    ],
  ])("a body that is %s", async (_, body, type, status, error_code) => {
    const init = { method: "POST", body, headers: { "content-type": type } };
    expect(await answerTo("/auth/login", init)).toEqual([status, error_code]);
  });

  it("text with U+0000, which PostgreSQL cannot store", async () => {
    const credentials = { username: "alice", password: "correct horse", device_id: "a\u0000b" };
    const { status, body } = await server.request("POST", "/auth/register", credentials);
    expect([status, body.error_code]).toEqual([422, "ERR_VALIDATION"]);
  });

  it("a body that is not UTF-8, is compressed, or exceeds the limit in chunks", async () => {
    const type = { "content-type": "application/json" };
    const post = (body: BodyInit, headers = {}) =>
      answerTo("/auth/login", {
        method: "POST",
        body,
        headers: { ...type, ...headers },
        duplex: "half",
      } as RequestInit);
    expect(await post(new Uint8Array([0x22, 0xff, 0x22]))).toEqual([400, "ERR_MALFORMED_JSON"]);
    expect(await post("x", { "content-encoding": "gzip" })).toEqual([415, "ERR_MEDIA_TYPE"]);
    const parts = new Blob(Array.from({ length: 100 }, () => "x".repeat(1000))).stream();
    expect(await post(parts)).toEqual([413, "ERR_BODY_TOO_LARGE"]);
  });
});

it("a connection goes on after a body that exceeds the limit in chunks", async () => {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1").setEncoding("utf8");
  let answers = "";
  socket.on("data", (data) => {
    answers += data;
  });
  const chunk = `${(1000).toString(16)}\r\n${"x".repeat(1000)}\r\n`;
  const headers = "Host: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  socket.write(`POST /auth/login HTTP/1.1\r\n${headers}${chunk.repeat(100)}0\r\n\r\n`);
  await vi.waitUntil(() => answers.includes("ERR_BODY_TOO_LARGE"), { timeout: 30_000 });
  // The time after which the HTTP library closes connections whose bodies were not read.
  await delay(700);
  socket.write("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
  await vi.waitUntil(() => answers.includes('"status":"ok"'), { timeout: 30_000 });
  socket.destroy();
});

describe("an ErrorResponse is the answer to a malformed request:", () => {
  it.each([
    ["not HTTP", "\u0000\u0001 nonsense\r\n\r\n", 400, "ERR_MALFORMED_REQUEST"],
    [
      "HTTP/1.1 without Host",
      "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n",
      400,
      "ERR_MALFORMED_ADDRESS",
    ],
    [
      "an invalid Host",
      "GET /health HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n",
      400,
      "ERR_MALFORMED_ADDRESS",
    ],
    [
      "two Host headers",
      "GET /health HTTP/1.1\r\nHost: a\r\nhOST: b\r\nConnection: close\r\n\r\n",
      400,
      "ERR_MALFORMED_REQUEST",
    ],
    [
      "two Host headers in a WebSocket handshake",
      "GET /ws HTTP/1.1\r\nHost: a\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      400,
      "ERR_MALFORMED_REQUEST",
    ],
    [
      "an invalid path",
      "GET /\\a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      400,
      "ERR_MALFORMED_ADDRESS",
    ],
    [
      "two Content-Length headers",
      "POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      400,
      "ERR_MALFORMED_REQUEST",
    ],
    [
      "Content-Length and Transfer-Encoding",
      "POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      400,
      "ERR_MALFORMED_REQUEST",
    ],
    [
      "headers above 16 KiB",
      `GET /health HTTP/1.1\r\nHost: a\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`,
      431,
      "ERR_HEADERS_TOO_LARGE",
    ],
    [
      "an upgrade with a body",
      "POST /auth/login HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}",
      400,
      "ERR_MALFORMED_REQUEST",
    ],
    [
      "an upgrade of another path",
      "GET //evil.example/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      404,
      "ERR_NOT_FOUND",
    ],
    [
      "CONNECT",
      "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
      400,
      "ERR_MALFORMED_REQUEST",
    ],
  ])("%s", async (_, text, status, error_code) => {
    expect(await sendRaw(text)).toEqual([status, error_code]);
  });

  it.each([
    ["no key", "Sec-WebSocket-Version: 13"],
    ["an invalid key", "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short"],
    ["no version", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
    ["an old version", "Sec-WebSocket-Version: 7\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
  ])("a WebSocket handshake with %s", async (_, headers) => {
    const { token } = await server.register(`user-${users++}`);
    const head = `GET /ws?token=${token} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket`;
    const answer = await sendRaw(`${head}\r\n${headers}\r\n\r\n`);
    expect(answer).toEqual([400, "ERR_MALFORMED_REQUEST"]);
  });

  it("after all of which the server still answers", async () => {
    expect((await server.fetch("/health")).status).toBe(200);
  });
});

it("answers a health check in HTTP/1.0 without Host", async () => {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write("GET /health HTTP/1.0\r\n\r\n");
  const [answer] = await once(socket.setEncoding("utf8"), "data");
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  socket.destroy();
});

describe("a request with the header Upgrade", () => {
  it("is answered normally if the server does not support the protocol", async () => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.write(
      "GET /health HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
    );
    const [answer] = await once(socket.setEncoding("utf8"), "data");
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toContain('"status":"ok"');
    await once(socket, "close");
  });

  it("is rejected on /ws if the protocol is not websocket", async () => {
    const { token } = await server.register("alice");
    expect(
      await sendRaw(
        `GET /ws?token=${token} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`,
      ),
    ).toEqual([426, "ERR_UPGRADE_REQUIRED"]);
  });

  it("receives an ErrorResponse if the WebSocket is rejected", async () => {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/ws?token=bad`);
    socket.on("error", () => {});
    const [, response] = await once(socket, "unexpected-response");
    const [body] = await once(response.setEncoding("utf8"), "data");
    expect(response.statusCode).toBe(401);
    expect(ErrorResponse.parse(JSON.parse(body)).error_code).toBe("ERR_NOT_AUTHENTICATED");
  });
});
