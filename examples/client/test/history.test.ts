import { afterAll, beforeAll, expect, it } from "vitest";
import { TestServer } from "../../server/test/support.js";
import { createChat, readHistory } from "../src/index.js";
import { enter } from "./device.js";
import { FailingProxy } from "./failing-proxy.js";

const server = new TestServer();
let proxy: FailingProxy;

beforeAll(async () => {
  await server.start();
  proxy = await FailingProxy.start(server.url);
});
afterAll(async () => {
  proxy.close();
  await server.remove();
});

it("rejects a page of a malicious server that says there is more and leads no further", async () => {
  const account = await enter(proxy.url, "alice");
  await enter(server.url, "bob");
  const chat = await createChat(account, "bob", "olive battery staple harbor");
  const message = {
    ...{ chat_id: chat.chat_id, sender_id: chat.peer_id, seq: 7, timestamp: 1 },
    ...{ content: "AAAA".repeat(8), nonce: "AAAA".repeat(4) },
  };
  for (const messages of [[], [message]]) {
    proxy.replaces = (path) =>
      path.includes("/messages") ? { messages, has_more: true } : undefined;
    await expect(readHistory(account, chat, { before: 7 })).rejects.toMatchObject({
      code: "ERR_NOT_THIS_PROTOCOL",
    });
  }
  const page = { messages: [message], has_more: true };
  proxy.replaces = (path) => (path.includes("/messages") ? page : undefined);
  expect(await readHistory(account, chat)).toMatchObject({ hasMore: true });
});
