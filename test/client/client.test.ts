import { afterEach, describe, expect, it, vi } from "vitest";
import { ClientError, createClient, memoryStorage } from "../../src/client/index.js";
import { KeyError, LacreError, ValidationError } from "../../src/index.js";
import { fromAlice } from "../session/fixture.js";
import {
  ALICE,
  BOB,
  CHAT,
  cipherOf,
  Network,
  OTHER_CHAT,
  SESSION_KEY,
  start,
  stopAll,
  text,
} from "./fixture.js";

afterEach(stopAll);

describe("a client", () => {
  it("sends, receives and decrypts messages, and stores them with their cursors", async () => {
    const network = new Network();
    const alice = await start(network);
    const bob = await start(network, { user_id: BOB });
    const client_id = await alice.client.send(CHAT, text("hola"));
    const [sent] = await alice.wait("sent");
    expect(sent!.message).toMatchObject({ client_id, seq: 1, isOwn: true, content: text("hola") });
    const [message] = await bob.wait("message");
    expect(message!.message).toMatchObject({ client_id, seq: 1, isOwn: false, sender_id: ALICE });
    expect(message!.message.content).toEqual(text("hola"));
    await Promise.all([alice.client.stop(), bob.client.stop()]);
    for (const { storage, client } of [alice, bob]) {
      expect(await storage.load()).toEqual({ outbox: [], cursors: [[CHAT, 1]] });
      const stored = await client.history(CHAT);
      expect(stored.map(({ content }) => content)).toEqual([text("hola")]);
    }
  });

  it("connects again after a lost connection, and sends what was written meanwhile in order", async () => {
    const network = new Network();
    const alice = await start(network);
    const bob = await start(network, { user_id: BOB });
    bob.client.follow(CHAT);
    await alice.wait("online");
    network.cut();
    await alice.wait("offline");
    expect(alice.client.status).toBe("offline");
    for (const one of ["1", "2", "3"]) void alice.client.send(CHAT, text(one));
    await bob.wait("message", 3);
    expect(bob.texts("message")).toEqual(["1", "2", "3"]);
    expect(alice.client.status).toBe("online");
    expect(alice.of("online")).toHaveLength(2);
  });

  it("reports what url and connect throw in the event offline, and tries again", async () => {
    const network = new Network();
    network.isDown = true;
    const { client, wait } = await start(network);
    const [offline] = await wait("offline");
    expect(offline).toMatchObject({ code: 1006, retry: true, error: Error("the network is down") });
    network.isDown = false;
    client.reconnectNow();
    await wait("online");
  });

  it("ends when the server closes the connection for good", async () => {
    const network = new Network();
    const { client, wait } = await start(network);
    await wait("online");
    network.cut(4001);
    const [stopped] = await wait("stopped");
    expect(stopped!.error).toBeInstanceOf(ClientError);
    expect(stopped!.error).toMatchObject({ code: "ERR_SESSION_ENDED", closeCode: 4001 });
    expect(client.status).toBe("stopped");
    await expect(client.send(CHAT, text("late"))).rejects.toMatchObject({ code: "ERR_STOPPED" });
  });

  it("reports messages that it cannot decrypt as unreadable, with the reason", async () => {
    const network = new Network();
    const other = await cipherOf(9);
    const alice = await start(network);
    const bob = await start(network, {
      user_id: BOB,
      chats: (chatId) => (chatId === CHAT ? other : undefined),
    });
    await alice.client.send(CHAT, text("under another key"));
    await alice.client.send(OTHER_CHAT, text("without a key"));
    const messages = (await bob.wait("message", 2)).map(({ message }) => message);
    const unreadable = (chatId: number) =>
      messages.find(({ chat_id }) => chat_id === chatId)!.unreadable;
    expect(unreadable(CHAT)).toMatchObject({ reason: "not_decrypted" });
    expect((unreadable(CHAT) as { error: LacreError }).error.code).toBe("ERR_DECRYPT");
    expect(unreadable(OTHER_CHAT)).toEqual({ reason: "no_cipher" });
    await expect(bob.client.send(OTHER_CHAT, text("x"))).rejects.toBeInstanceOf(KeyError);
  });

  it("reports a message that the server rejects as failed, and removes it from the outbox", async () => {
    const network = new Network();
    network.rejects = () => true;
    const { client, storage, wait } = await start(network);
    const client_id = await client.send(CHAT, text("no"));
    const [failed] = await wait("failed");
    expect(failed).toMatchObject({ error_code: "ERR_FORBIDDEN", message: { client_id } });
    expect(failed!.message.content).toEqual(text("no"));
    await client.stop();
    expect((await storage.load()).outbox).toEqual([]);
  });

  it("sends and stores a message that failed, if it is sent again with its client id", async () => {
    const network = new Network();
    let rejections = 1;
    network.rejects = () => rejections-- > 0;
    const { client, storage, wait, texts } = await start(network);
    const stored: string[][] = [];
    client.on("failed", async ({ message: { client_id } }) => {
      network.isDown = true;
      network.cut();
      await client.send(CHAT, text("again"), { client_id: client_id! });
    });
    client.on("offline", async () => {
      const { outbox } = await storage.load();
      stored.push(outbox.map(({ client_id }) => client_id));
    });
    const client_id = await client.send(CHAT, text("first"));
    await wait("failed");
    await wait("offline");
    expect(stored.at(-1)).toEqual([client_id]);
    network.isDown = false;
    client.reconnectNow();
    await wait("sent");
    expect(texts("sent")).toEqual(["again"]);
    await client.stop();
    expect((await storage.load()).outbox).toEqual([]);
  });

  it("sends a message with a client id once", async () => {
    const network = new Network();
    const { client, wait, of } = await start(network);
    const client_id = "018bcfe5-687b-7abc-8def-0123456789ab";
    await Promise.all([1, 2].map(() => client.send(CHAT, text("once"), { client_id })));
    await wait("sent");
    await client.send(CHAT, text("again"), { client_id });
    await client.send(CHAT, text("other"));
    await wait("sent", 2);
    expect(of("sent").map(({ message: { content } }) => content)).toEqual([
      text("once"),
      text("other"),
    ]);
  });

  it("does not send a withdrawn message", async () => {
    const network = new Network();
    network.isDown = true;
    const { client, storage, wait } = await start(network);
    const first = await client.send(CHAT, text("old key"));
    await client.send(CHAT, text("new key"));
    expect((await client.queued(CHAT)).map(({ content }) => content)).toEqual([
      text("old key"),
      text("new key"),
    ]);
    expect(await client.withdraw(first)).toBe(true);
    expect(await client.withdraw(first)).toBe(false);
    expect(await wait("failed")).toMatchObject([
      { error_code: "ERR_WITHDRAWN", message: { client_id: first, content: text("old key") } },
    ]);
    await vi.waitUntil(async () => (await storage.load()).outbox.length === 1, { timeout: 30_000 });
    network.isDown = false;
    client.reconnectNow();
    await wait("sent");
    expect(network.server.stored(CHAT)).toHaveLength(1);
  });

  it("withdraws a message that is being stored after it is stored, and removes it from the storage", async () => {
    const storage = memoryStorage();
    const begun = vi.fn();
    let store = () => {};
    const addOutgoing: typeof storage.addOutgoing = async (message) => {
      begun();
      await new Promise<void>((resolve) => {
        store = resolve;
      });
      await storage.addOutgoing(message);
    };
    const network = new Network();
    network.isDown = true;
    const { client, wait, texts } = await start(network, { storage: { ...storage, addOutgoing } });
    const client_id = fromAlice(1).client_id;
    const sending = client.send(CHAT, text("1"), { client_id });
    await vi.waitUntil(() => begun.mock.calls.length === 1, { timeout: 30_000 });
    const withdrawing = client.withdraw(client_id);
    await new Promise((resolve) => setTimeout(resolve, 20));
    store();
    expect(await Promise.all([sending, withdrawing])).toEqual([client_id, true]);
    await wait("failed");
    await client.stop();
    expect(texts("failed")).toEqual(["1"]);
    expect((await storage.load()).outbox).toEqual([]);
  });

  it("rejects a message that cannot be stored, also if another chat's has the same client id", async () => {
    const addOutgoing = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw new Error("the disk is full");
    };
    const { client } = await start(new Network(), { storage: { ...memoryStorage(), addOutgoing } });
    const options = { client_id: fromAlice(1).client_id };
    const [first] = await Promise.allSettled([
      client.send(CHAT, text("1"), options),
      client.send(OTHER_CHAT, text("2"), options),
    ]);
    expect(first).toMatchObject({ reason: { code: "ERR_NOT_STORED" } });
    await client.stop();
  });

  it("sends receipts, and knows those of others", async () => {
    const network = new Network();
    const alice = await start(network);
    const bob = await start(network, { user_id: BOB });
    await alice.client.send(CHAT, text("1"));
    await bob.wait("message");
    bob.client.receipts.read(CHAT);
    const isRead = () => alice.client.receipts.of(CHAT).get(BOB)?.read === 1;
    await vi.waitUntil(isRead, { timeout: 30_000 });
    expect(network.server.readUpTo(CHAT, BOB)).toBe(1);
    bob.client.receipts.typing(CHAT);
    expect(alice.client.receipts.of(CHAT).get(BOB)).toEqual({ delivered: 1, read: 1 });
    const isTyping = () => alice.of("status").some(({ status }) => status.event_type === "typing");
    await vi.waitUntil(isTyping, { timeout: 30_000 });
  });

  it("follows a chat from its first message", async () => {
    const network = new Network();
    const alice = await start(network);
    await alice.client.send(CHAT, text("before"));
    await alice.wait("sent");
    const bob = await start(network, { user_id: BOB });
    bob.client.follow(CHAT);
    await bob.wait("caught_up");
    expect(bob.texts("message")).toEqual(["before"]);
  });

  it("throws for invalid arguments of its methods", async () => {
    const { client } = await start(new Network());
    for (const id of [0, -1, 1.5, Number.NaN, "42", undefined, null, 2 ** 53] as never[]) {
      expect(() => client.follow(id)).toThrow(ValidationError);
      expect(() => client.receipts.read(id)).toThrow(ValidationError);
      expect(() => client.receipts.typing(id)).toThrow(ValidationError);
      await expect(client.send(id, text("x"))).rejects.toBeInstanceOf(ValidationError);
      await expect(client.history(id)).rejects.toBeInstanceOf(ValidationError);
      await expect(client.queued(id)).rejects.toBeInstanceOf(ValidationError);
      await expect(client.history(CHAT, { limit: id ?? 0 })).rejects.toThrow("page.limit");
    }
    for (const seq of [-1, 0.5, Number.NaN, "1"] as never[])
      expect(() => client.receipts.read(CHAT, seq)).toThrow(ValidationError);
    await expect(client.send(CHAT, text("x"), 1 as never)).rejects.toThrow(ValidationError);
    await expect(client.send(CHAT, text("x"), { client_id: "x" })).rejects.toThrow(LacreError);
    expect(() => client.on("message", undefined as never)).toThrow(ValidationError);
    client.follow(1);
    expect(client.status).not.toBe("stopped");
  });

  it("copies the session key", async () => {
    const network = new Network();
    const session_key = SESSION_KEY.slice();
    const cipher = await cipherOf();
    const client = createClient({
      ...{ session_key, user_id: ALICE, storage: memoryStorage(), chats: () => cipher },
      connect: network.connect(ALICE),
    });
    session_key.fill(9);
    await new Promise<void>((resolve) => client.on("online", () => resolve()));
    await client.stop();
  });

  it("throws for invalid options immediately", async () => {
    const cipher = await cipherOf();
    const valid = {
      session_key: SESSION_KEY,
      user_id: ALICE,
      storage: memoryStorage(),
      chats: () => cipher,
      connect: new Network().connect(ALICE),
    };
    const invalid = [
      ...[undefined, null, {}, { ...valid, user_id: 0 }, { ...valid, storage: {} }],
      ...[
        { ...valid, chats: 1 },
        { ...valid, connect: 1 },
        { ...valid, connect: undefined },
      ],
      { ...valid, connect: undefined, url: "wss://chat.example/" },
      ...[
        { ...valid, device_id: "" },
        { ...valid, capabilities: [""] },
        { ...valid, capabilities: 1 },
      ],
    ];
    for (const options of invalid)
      expect(() => createClient(options as never)).toThrow(ValidationError);
    for (const session_key of [new Uint8Array(31), new Uint8Array(32)])
      expect(() => createClient({ ...valid, session_key })).toThrow(KeyError);
    const { connect: _, ...rest } = valid;
    const url = () => "wss://chat.example/";
    vi.stubGlobal("WebSocket", undefined);
    expect(() => createClient({ ...rest, url })).toThrow("install ws and pass its WebSocket");
    vi.unstubAllGlobals();
  });
});
