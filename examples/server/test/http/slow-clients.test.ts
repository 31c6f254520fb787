import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HttpServer } from "../../src/http/http-server.js";

const app = new Hono();
app.onError((_, context) => context.body(null, 400));
app.get("/", (context) => context.text("here"));
app.post("/", async (context) => context.text(await context.req.text()));
/** More than the buffers on the way hold. */
app.get("/much", (context) => context.body(new Uint8Array(50_000_000)));

const patience = {
  headersTimeout: 300,
  requestTimeout: 600,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 100,
  idleTimeout: 700,
};
let server: HttpServer;
let port: number;
async function start(): Promise<void> {
  server = new HttpServer(app, patience);
  server.node.listen(0, "127.0.0.1");
  await once(server.node, "listening");
  ({ port } = server.node.address() as AddressInfo);
}
async function dial(text: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(text);
  return socket;
}
async function answer(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  socket.on("data", (part: Buffer) => parts.push(part));
  await once(socket, "close");
  return Buffer.concat(parts).toString("latin1");
}

/** The server asks for the body when the request is with it. */
const POST = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n";

describe("a client that takes its time", () => {
  beforeAll(start);
  afterAll(() => server.terminate());

  it("with its headers hears ERR_REQUEST_TIMEOUT", async () => {
    const said = await answer(await dial("GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "));
    expect(said).toMatch(/^HTTP\/1\.1 408 /);
    expect(said).toContain('"error_code":"ERR_REQUEST_TIMEOUT"');
  });

  it("with its body is cut off", async () => {
    const socket = await dial(POST);
    const dripping = setInterval(() => socket.write("x"), 100);
    await answer(socket);
    clearInterval(dripping);
  });

  it("to take the answer is cut off", async () => {
    const connected = once(server.node, "connection");
    const socket = await dial("GET /much HTTP/1.1\r\nHost: a\r\n\r\n");
    socket.pause();
    const [theirs] = await connected;
    await once(theirs, "close");
    socket.destroy();
  });
});

describe("a server that closes", () => {
  it("takes nobody more, answers what came in, and lets go of connections that wait", async () => {
    await start();
    const waiting = await dial("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(waiting, "data");
    const asking = await dial(POST);
    await once(asking, "data");
    const asked = answer(asking);
    const closed = server.close();
    await once(waiting, "close");
    const refused = await dial("").catch((error: NodeJS.ErrnoException) => error.code);
    expect(refused).toBe("ECONNREFUSED");
    asking.write("0123456789");
    expect(await asked).toMatch(/^HTTP\/1\.1 200 [\s\S]*Connection: close[\s\S]*0123456789$/i);
    await closed;
  });
});
