import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { type ContractTarget, contract } from "lacre/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket, type WebSocketServer } from "ws";
import { startServer } from "../src/server.js";

const sessions = new Map<string, { user_id: number; session_key: Uint8Array }>();
const chats = new Map<number, readonly number[]>();
let server: WebSocketServer;

const target: ContractTarget = {
  users: {
    async create() {
      const user_id = sessions.size + 1;
      const session_key = crypto.getRandomValues(new Uint8Array(32));
      sessions.set(`token ${user_id}`, { user_id, session_key });
      const { port } = server.address() as AddressInfo;
      const url = `ws://127.0.0.1:${port}/?token=token%20${user_id}`;
      return { user_id, session_key, connect: () => new WebSocket(url) };
    },
    async createChat(creator, peer) {
      const chatId = chats.size + 1;
      chats.set(chatId, [creator.user_id, peer.user_id]);
      return chatId;
    },
  },
};

beforeAll(async () => {
  server = startServer(0, sessions, chats);
  await once(server, "listening");
});
afterAll(() => server.close());

describe.concurrent("a server of at most 60 lines", () => {
  for (const { part, requirement, name, run } of contract) {
    if (part === "websocket") it(`${requirement}: ${name}`, () => run(target));
  }
});

it("has at most 60 lines", () => {
  const text = readFileSync(new URL("../src/server.ts", import.meta.url), "utf8");
  expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(60);
});

it("closes a connection without a valid token with 4001", async () => {
  const { port } = server.address() as AddressInfo;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/?token=x`);
  expect(await new Promise((resolve) => socket.on("close", resolve))).toBe(4001);
});
