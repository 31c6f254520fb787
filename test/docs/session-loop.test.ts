import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import type { OutgoingMessage, SessionEvent, SessionNotice } from "../../src/session/index.js";
import { ALICE, BOB, CHAT, fromAlice, SESSION_KEY } from "../session/fixture.js";
import { ModelServer } from "../session/model-server.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const cache = join(root, "node_modules/.cache");
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, "lacre-session-loop-"));

type Notice = SessionNotice | { readonly type: "failed"; readonly client_id: string };
type StartClient = (
  addressOf: () => Promise<string>,
  identity: { session_key: Uint8Array; user_id: number },
  disk: Disk,
  onNotice: (notice: Notice) => void,
) => (event: SessionEvent) => void;

class Disk {
  readonly entries = new Map<string, OutgoingMessage>();
  readonly cursorOf = new Map<number, number>();

  get outbox() {
    return this.entries.values();
  }
  get cursors() {
    return this.cursorOf;
  }
  async persist(message: OutgoingMessage) {
    this.entries.set(message.client_id, message);
  }
  forget(clientId: string) {
    this.entries.delete(clientId);
  }
  moveCursor(chatId: number, from: number, seq: number) {
    if ((this.cursorOf.get(chatId) ?? from) !== from)
      throw new Error("the stored cursor is another");
    this.cursorOf.set(chatId, seq);
  }
}

describe("the loop of docs/session.md", () => {
  const server = new ModelServer(new Map([[CHAT, [ALICE, BOB]]]), {
    isBusy: () => false,
    rejects: () => false,
  });
  const sockets = new Set<WebSocket>();
  let listener: WebSocketServer;
  let url: string;
  let startClient: StartClient;

  beforeAll(async () => {
    const document = readFileSync(join(root, "docs/session.md"), "utf8");
    const [, code] = /^```ts\n(.*?)^```$/ms.exec(document)!;
    const { outputText } = ts.transpileModule(code!, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    });
    const path = join(folder, "loop.mjs");
    // Node 20 has no WebSocket of its own.
    writeFileSync(path, `import { WebSocket } from "ws";\n${outputText}`);
    ({ startClient } = await import(pathToFileURL(path).href));

    listener = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    listener.on("connection", (webSocket, { url: path }) => {
      sockets.add(webSocket);
      const socket = {
        user_id: Number(path!.slice(1)),
        sessionKey: SESSION_KEY,
        send: (bytes: Uint8Array) => webSocket.send(bytes),
        close: (code: number) => webSocket.close(code),
      };
      server.connect(socket);
      webSocket.on("message", (data) => server.receive(socket, data as Uint8Array));
      webSocket.on("close", () => {
        sockets.delete(webSocket);
        server.disconnect(socket);
      });
    });
    await once(listener, "listening");
    url = `ws://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    // After this close code clients do not connect again.
    for (const socket of sockets) socket.close(4005);
    await vi.waitUntil(() => sockets.size === 0, { timeout: 30_000 });
    listener.close();
    rmSync(folder, { recursive: true });
  });

  function client(user_id: number, disk: Disk, addressOf = async () => `${url}/${user_id}`) {
    const notices: Notice[] = [];
    const identity = { session_key: SESSION_KEY, user_id };
    const handle = startClient(addressOf, identity, disk, (one) => notices.push(one));
    const seqs = (type: "message" | "sent") =>
      notices.flatMap((one) =>
        one.type === "message" && type === "message"
          ? [one.message.seq]
          : one.type === "sent" && type === "sent"
            ? [one.seq]
            : [],
      );
    const times = (type: Notice["type"]) => notices.filter((one) => one.type === type).length;
    return { handle, notices, seqs, times };
  }

  it("sends stored messages, delivers received ones, and continues after a lost connection", async () => {
    const disks = { alice: new Disk(), bob: new Disk() };
    const stored = fromAlice(1);
    disks.alice.entries.set(stored.client_id, stored);
    const alice = client(ALICE, disks.alice);
    const bob = client(BOB, disks.bob);
    bob.handle({ type: "follow", chat_id: CHAT });
    alice.handle({ type: "send", message: fromAlice(2) });
    await vi.waitFor(() => expect(bob.seqs("message")).toEqual([1, 2]), { timeout: 20_000 });

    for (const socket of sockets) socket.terminate();
    alice.handle({ type: "send", message: fromAlice(3) });
    alice.handle({ type: "send", message: { ...fromAlice(4), sender_id: BOB } });
    const answer = { ...fromAlice(5), sender_id: BOB };
    bob.handle({ type: "send", message: answer });
    const expectAllDelivered = () => {
      expect([...alice.seqs("sent"), ...alice.seqs("message")].sort()).toEqual([1, 2, 3, 4]);
      expect([...bob.seqs("sent"), ...bob.seqs("message")].sort()).toEqual([1, 2, 3, 4]);
      expect(disks.alice.cursorOf.get(CHAT)).toBe(4);
      expect(disks.bob.cursorOf.get(CHAT)).toBe(4);
    };
    await vi.waitFor(expectAllDelivered, { timeout: 20_000 });
    for (const one of [alice, bob]) {
      expect(one.times("offline")).toBe(1);
      expect(one.times("online")).toBe(2);
      expect(one.times("refused")).toBe(0);
    }
    expect(alice.notices).toContainEqual(
      expect.objectContaining({ type: "failed", client_id: fromAlice(4).client_id }),
    );
    expect(disks.alice.entries.size + disks.bob.entries.size).toBe(0);
  });

  it("requests an address for each connection, and goes on after an error of the socket", async () => {
    const addresses = [
      () => Promise.reject(new Error("no ticket")),
      // Nothing listens on this port. A socket of `ws` without a handler for errors would end the process.
      async () => "ws://127.0.0.1:1",
      async () => `${url}/${ALICE}`,
    ];
    let asked = 0;
    const alice = client(ALICE, new Disk(), () => addresses[asked++]!());
    await vi.waitFor(() => expect(alice.times("online")).toBe(1), { timeout: 30_000 });
    expect(asked).toBe(3);
    expect(alice.times("offline")).toBe(2);
  });
});
