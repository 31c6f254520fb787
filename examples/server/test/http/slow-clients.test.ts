import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HttpServer } from "../../src/http/http-server.js";

const app = new Hono();
app.onError((_, context) => context.body(null, 400));
app.get("/", (context) => context.text("ok"));
app.post("/", async (context) => context.text(await context.req.text()));
/** Larger than all socket buffers together. */
app.get("/large", (context) => context.body(new Uint8Array(50_000_000)));

const timeouts = {
  headersTimeout: 300,
  requestTimeout: 600,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 100,
  idleTimeout: 700,
};
let server: HttpServer;
let port: number;
async function start(): Promise<void> {
  server = new HttpServer(app, timeouts);
  server.node.listen(0, "127.0.0.1");
  await once(server.node, "listening");
  ({ port } = server.node.address() as AddressInfo);
}
async function open(text: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(text);
  return socket;
}
async function readAll(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  socket.on("data", (part: Buffer) => parts.push(part));
  await once(socket, "close");
  return Buffer.concat(parts).toString("latin1");
}

/** A request without its body. The server answers the headers with 100 when it is ready for the body. */
const POST = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n";

describe("a slow client", () => {
  beforeAll(start);
  afterAll(() => server.terminate());

  it("receives ERR_REQUEST_TIMEOUT if it does not finish the headers", async () => {
    const received = await readAll(await open("GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "));
    expect(received).toMatch(/^HTTP\/1\.1 408 /);
    expect(received).toContain('"error_code":"ERR_REQUEST_TIMEOUT"');
  });

  it("is disconnected if it does not finish the body", async () => {
    const socket = await open(POST);
    const timer = setInterval(() => socket.write("x"), 100);
    await readAll(socket);
    clearInterval(timer);
  });

  it("is disconnected if it does not read the answer", async () => {
    const connected = once(server.node, "connection");
    const socket = await open("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    socket.pause();
    const [theirs] = await connected;
    await once(theirs, "close");
    socket.destroy();
  });
});

describe("HttpServer.close", () => {
  it("accepts no connections, answers requests in flight, and closes idle connections", async () => {
    await start();
    const idle = await open("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(idle, "data");
    const inFlight = await open(POST);
    await once(inFlight, "data");
    const answered = readAll(inFlight);
    const closed = server.close();
    await once(idle, "close");
    const rejected = await open("").catch((error: NodeJS.ErrnoException) => error.code);
    expect(rejected).toBe("ECONNREFUSED");
    inFlight.write("0123456789");
    expect(await answered).toMatch(/^HTTP\/1\.1 200 [\s\S]*Connection: close[\s\S]*0123456789$/i);
    await closed;
  });
});
