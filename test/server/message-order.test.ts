import { describe, expect, it } from "vitest";
import { ChatMessage, Resume } from "../../src/index.js";
import { type MessageStore, memoryStore, RejectionError } from "../../src/server/index.js";
import { ALICE, CHAT } from "../session/fixture.js";
import { NOW } from "../support/examples.js";
import { fromAlice, storeOfChat, TestClient } from "./test-client.js";

const idOf = (number: number) => fromAlice(number).client_id!;

/** Returns a message that names the one before it. */
const following = (number: number, before = number - 1) =>
  fromAlice(number, { follows: idOf(before) });

/** Returns a client with the capability `pipeline`. */
async function connected(store: MessageStore = storeOfChat()): Promise<TestClient> {
  const client = new TestClient({ store });
  await client.handshake({ capabilities: ["pipeline"] });
  return client;
}

/** Returns a store that throws once for the message with a number. */
function failingFor(number: number, error: Error): MessageStore {
  const inner = storeOfChat();
  let hasFailed = false;
  return {
    ...inner,
    add(message) {
      if (hasFailed || message.client_id !== idOf(number)) return inner.add(message);
      hasFailed = true;
      throw error;
    },
  };
}

async function stored({ store }: TestClient): Promise<(string | undefined)[]> {
  const page = await store.list(ALICE, { chat_id: CHAT, after: 0, limit: 100, maxBytes: 1e6 });
  return page!.messages.map(({ client_id }) => client_id);
}

const outOfOrder = (number: number) => [
  "ERR_OUT_OF_ORDER",
  { client_id: idOf(number), retry_after: 0.1 },
];

describe("a message that names the one before it", () => {
  it("is stored directly after it, without the name", async () => {
    const reported: ChatMessage[] = [];
    const client = new TestClient({ onStored: (message) => reported.push(message) });
    await client.handshake({ capabilities: ["pipeline"] });
    await client.send(ChatMessage, fromAlice(1));
    await client.send(ChatMessage, following(2));
    await client.send(ChatMessage, following(3));
    expect(client.types).toEqual(["ack", "ack", "ack"]);
    await client.send(Resume, { chat_id: CHAT, after: 0, limit: 10 });
    const messages = client.received.at(-1)!.value.messages as ChatMessage[];
    for (const one of [...messages, ...reported]) expect(one).not.toHaveProperty("follows");
    expect(await stored(client)).toEqual([1, 2, 3].map(idOf));
  });

  it("is refused if the server did not get that one, until it does", async () => {
    const client = await connected();
    await client.send(ChatMessage, fromAlice(1));
    await client.send(ChatMessage, following(3));
    await client.send(ChatMessage, following(4));
    expect(client.errors).toEqual([outOfOrder(3), outOfOrder(4)]);
    for (const one of [fromAlice(2), following(3), following(4)])
      await client.send(ChatMessage, one);
    expect(await stored(client)).toEqual([1, 2, 3, 4].map(idOf));
  });

  it("is refused if another one came in between", async () => {
    const client = await connected();
    await client.send(ChatMessage, fromAlice(1));
    await client.send(ChatMessage, fromAlice(9));
    await client.send(ChatMessage, following(2));
    expect(client.errors).toEqual([outOfOrder(2)]);
  });

  it.each([
    ["the store failed", "ERR_UNAVAILABLE", new Error("disk full")],
    ["the user is limited", "ERR_RATE_LIMITED", new RejectionError("ERR_RATE_LIMITED", "")],
  ])("is refused if %s for that one", async (_, code, error) => {
    const client = await connected(failingFor(2, error));
    for (const one of [fromAlice(1), following(2), following(3)])
      await client.send(ChatMessage, one);
    expect(client.errors.map(([one]) => one)).toEqual([code, "ERR_OUT_OF_ORDER"]);
    for (const one of [fromAlice(2), following(3)]) await client.send(ChatMessage, one);
    expect(await stored(client)).toEqual([1, 2, 3].map(idOf));
  });

  it("is refused if a limit rejected that one before it was read", async () => {
    let admitted = 0;
    const client = new TestClient({
      admit() {
        admitted += 1;
        if (admitted === 1) throw new RejectionError("ERR_RATE_LIMITED", "", { retry_after: 1 });
      },
    });
    await client.handshake({ capabilities: ["pipeline"] });
    for (const one of [fromAlice(1), following(2)]) await client.send(ChatMessage, one);
    expect(client.errors.map(([one]) => one)).toEqual(["ERR_RATE_LIMITED", "ERR_OUT_OF_ORDER"]);
  });

  it("is refused if that one was finally rejected: the client may not hear of it, and send it again", async () => {
    const client = await connected(failingFor(2, new RejectionError("ERR_QUOTA_EXCEEDED", "")));
    for (const one of [fromAlice(1), following(2), following(3)])
      await client.send(ChatMessage, one);
    expect(client.errors.map(([one]) => one)).toEqual(["ERR_QUOTA_EXCEEDED", "ERR_OUT_OF_ORDER"]);
  });

  it("is stored if that one was there already", async () => {
    const client = await connected();
    for (const one of [fromAlice(1), following(2), fromAlice(1), following(3, 1)])
      await client.send(ChatMessage, one);
    expect(await stored(client)).toEqual([1, 2, 3].map(idOf));
  });

  it("is stored like any other one if the client did not announce the capability", async () => {
    const client = await TestClient.confirmed();
    await client.send(ChatMessage, following(2));
    expect(client.types).toEqual(["ack"]);
  });

  it("is compared with the last one of its chat, of 64 chats", async () => {
    const inChat = (number: number, chat_id: number, follows?: string) =>
      fromAlice(number, { chat_id, follows });
    const members = () => [ALICE];
    for (const [chats, type] of [
      [64, "ack"],
      [65, "error"],
    ] as const) {
      const client = await connected(memoryStore({ members, now: () => NOW }));
      for (let chat = 1; chat <= chats; chat++) {
        await client.send(ChatMessage, inChat(1, 1000 + chat));
        // The last message of the first chat is the newest one but for those of the others.
        if (chat === 1) await client.send(ChatMessage, inChat(2, 1001, idOf(1)));
      }
      await client.send(ChatMessage, inChat(3, 1001, idOf(2)));
      expect(client.types.at(-1), `${chats} chats`).toBe(type);
    }
  });
});
