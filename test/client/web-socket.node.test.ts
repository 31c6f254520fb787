import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { createClient, memoryStorage } from "../../src/client/index.js";
import { fileStorage } from "../../src/client/node/index.js";
import type { Content, TextContent } from "../../src/e2e/index.js";
import { root } from "../support/installed.js";
import { ALICE, BOB, CHAT, cipherOf, record, SESSION_KEY, text } from "./fixture.js";
import { startServer } from "./web-socket-server.js";

const cache = join(root, "node_modules/.cache");
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, "lacre-client-"));
afterAll(() => rmSync(folder, { recursive: true }));

let server: Awaited<ReturnType<typeof startServer>>;
let url: string;

beforeAll(async () => {
  server = await startServer();
  url = `ws://${server.url}`;
});
beforeEach(() => void server.stored.splice(0));
afterAll(() => server.close());

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((client) => client.stop()));
});

async function start(user_id: number, storage = memoryStorage()) {
  const cipher = await cipherOf();
  const client = createClient<TextContent, Content>({
    ...{ session_key: SESSION_KEY, user_id, storage, chats: () => cipher },
    url: async () => new URL(`${url}/${user_id}`),
    WebSocket,
  });
  running.push(client);
  const events = record(client);
  const of = (type: string) => events.filter((event) => event.type === type);
  const wait = (type: string, count = 1) =>
    vi.waitUntil(() => of(type).length >= count, { timeout: 30_000 });
  return { client, of, wait };
}

describe("a client over WebSockets", () => {
  it("talks to a server of lacre/server", async () => {
    const [alice, bob] = [await start(ALICE), await start(BOB)];
    await alice.client.send(CHAT, text("hola"));
    await bob.wait("message");
    expect(bob.of("message")).toMatchObject([{ message: { content: text("hola") } }]);
    for (const socket of server.sockets) socket.terminate();
    await alice.client.send(CHAT, text("again"));
    await bob.wait("message", 2);
    await alice.wait("sent", 2);
    expect(alice.of("online").length).toBe(2);
  });

  it("leaves no socket, timer or listener when it has stopped", async () => {
    const kinds = () =>
      process.getActiveResourcesInfo().filter((kind) => /Timeout|TCPSocketWrap/.test(kind)).length;
    const listeners = () => process.listenerCount("SIGCONT");
    // Sockets of an earlier test, and timers of the test runner, end by themselves.
    while (kinds() > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(listeners()).toBe(0);
    const { client, wait } = await start(ALICE);
    await wait("online");
    expect(listeners()).toBe(1);
    await client.stop();
    await vi.waitUntil(() => server.sockets.size === 0, { timeout: 30_000 });
    expect([kinds(), listeners()]).toEqual([0, 0]);
  });

  it("terminates a socket whose server does not answer its close", async () => {
    const { client, wait } = await start(ALICE);
    await wait("online");
    const sockets = [...server.sockets];
    for (const socket of sockets) socket.pause();
    await client.stop();
    for (const socket of sockets) socket.resume();
    await vi.waitUntil(() => server.sockets.size === 0, { timeout: 30_000 });
  });
});

/** Runs a client in a process that stops at a point of a write, kills it there, and returns its storage's folder. */
async function killed(at: "before" | "after"): Promise<string> {
  const storage = mkdtempSync(join(folder, "storage-"));
  const script = join(storage, "program.mjs");
  const from = (path: string) => JSON.stringify(join(root, "dist", path));
  writeFileSync(
    script,
    `
    import { WebSocket } from "ws";
    import { createClient } from ${from("client/index.js")};
    import { fileStorage } from ${from("client/node/index.js")};
    import { ChatKey, chatCipher } from ${from("e2e/index.js")};
    const bytes = Uint8Array.from({ length: 32 }, (_, at) => at);
    const cipher = chatCipher(await ChatKey.from(bytes.with(0, 1)));
    const storage = fileStorage(${JSON.stringify(storage)});
    const { addOutgoing } = storage;
    storage.addOutgoing = async (message) => {
      if (${at === "after"}) await addOutgoing(message);
      process.send("here");
      return new Promise(() => {});
    };
    const client = createClient({
      session_key: bytes, user_id: ${ALICE}, storage, chats: () => cipher, WebSocket,
      url: () => "${url}/${ALICE}",
    });
    client.on("online", () => void client.send(${CHAT}, { kind: "text", text: "hola" }));
    `,
  );
  const child = fork(script);
  await once(child, "message");
  child.kill("SIGKILL");
  await once(child, "exit");
  return storage;
}

describe("a client whose process is killed", () => {
  it("after it stored a message and before it sent it: sends the same bytes in the next run", async () => {
    const directory = await killed("after");
    expect(server.stored).toEqual([]);
    const [name] = readdirSync(join(directory, "outbox"));
    const entry = JSON.parse(readFileSync(join(directory, "outbox", name!), "utf8"));
    const { client, wait, of } = await start(ALICE, fileStorage(directory));
    await wait("sent");
    expect(of("sent")).toMatchObject([{ message: { content: text("hola") } }]);
    await client.stop();
    expect(server.stored).toHaveLength(1);
    expect(Buffer.from(server.stored[0]!.content).toString("base64")).toBe(entry.content);
    expect(server.stored[0]!.client_id).toBe(entry.client_id);
    expect(readdirSync(join(directory, "outbox"))).toEqual([]);
  });

  it("before it stored a message: does not send it", async () => {
    const directory = await killed("before");
    const { client, wait } = await start(ALICE, fileStorage(directory));
    await wait("online");
    expect(await client.queued(CHAT)).toEqual([]);
    await client.send(CHAT, text("next"));
    await wait("sent");
    expect(server.stored).toHaveLength(1);
  });
});
