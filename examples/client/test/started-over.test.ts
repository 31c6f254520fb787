import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openDatabase } from "../../server/src/database/open-database.js";
import { TestServer } from "../../server/test/support.js";
import {
  type Account,
  createChat,
  type MessengerEvent,
  type OpenChat,
  openChat,
  openKeptChat,
  restartChat,
  StoreError,
  storesInMemory,
} from "../src/index.js";
import { NodeWebSocket } from "../src/node/index.js";
import { noteAnswer } from "../src/open-chat.js";
import { enter as enterAccount, Line, talk as startTalking } from "./device.js";

const server = new TestServer();
beforeAll(() => server.start());
afterAll(() => server.remove());

const OLD = "battery stable";
const NEW = "battery staple";

const enter = (username: string, how: "register" | "login") =>
  enterAccount(server.url, username, { how });
const device = (username: string) => enter(username, "login");
const register = (...names: string[]) => Promise.all(names.map((name) => enter(name, "register")));

/** Starts a messenger that is online, or whose connections fail. Also returns its line. */
async function talk(account: Account, open: readonly OpenChat[], isOffline = false) {
  const line = new Line(isOffline);
  const talking = await startTalking(account, { open, WebSocket: line.WebSocket });
  await vi.waitUntil(() => talking.messenger.isOnline === !isOffline, { timeout: 30_000 });
  return { ...talking, line };
}

/** Counts the messages of a chat that the server has not deleted. */
async function stored(chatId: number): Promise<number> {
  const database = openDatabase(server.database);
  const rows = await database
    .selectFrom("messages")
    .select(["encrypted_content"])
    .where("chat_id", "=", chatId)
    .execute();
  await database.destroy();
  return rows.filter(({ encrypted_content }) => (encrypted_content?.length ?? 0) > 0).length;
}

async function changeKeyCheck(chatId: number): Promise<void> {
  const database = openDatabase(server.database);
  const changed = { key_check: Buffer.alloc(16) };
  await database.updateTable("chats").set(changed).where("id", "=", chatId).execute();
  await database.destroy();
}

/** Delays writes to the outbox until `proceed` is called. `isWriting` resolves when the first one is requested. */
function holdOutbox({ stores: { outbox } }: Account) {
  const add = outbox.add.bind(outbox);
  let proceed = () => {};
  const held = new Promise<void>((resolve) => {
    proceed = resolve;
  });
  const adding = vi.spyOn(outbox, "add").mockImplementation(async (message) => {
    await held;
    await add(message);
  });
  const isWriting = () => vi.waitUntil(() => adding.mock.calls.length > 0, { timeout: 30_000 });
  return { proceed, isWriting };
}

const textsOf = (failed: readonly Extract<MessengerEvent, { type: "failed" }>[]) =>
  failed.map(({ message: { content }, error_code }) => [
    error_code,
    content.kind === "text" ? content.text : content.kind,
  ]);

describe("another device of the creator, when the chat is started over", () => {
  it("stops using the earlier key, reports it, and continues with the new passphrase", async () => {
    const [phone] = await register("ana", "ben");
    const { chat_id } = await createChat(phone!, "ben", OLD);
    const laptop = await device("ana");
    const opened = await openChat(laptop, await laptop.api.getChat(chat_id), OLD);
    const { messenger, waitForEvents } = await talk(laptop, [opened]);

    await restartChat(phone!, await phone!.api.getChat(chat_id), NEW);
    expect(await waitForEvents("closed")).toMatchObject([
      { chat_id, reason: { code: "ERR_CHAT_STARTED_OVER" } },
    ]);
    expect(messenger.chat(chat_id)).toMatchObject({ isOpen: false });
    await expect(messenger.send(chat_id, "unreadable")).rejects.toMatchObject({
      code: "ERR_CHAT_STARTED_OVER",
    });
    expect(await laptop.stores.outbox.list()).toEqual([]);

    const summary = await laptop.api.getChat(chat_id);
    await expect(openChat(laptop, summary, OLD)).rejects.toMatchObject({
      code: "ERR_WRONG_PASSPHRASE",
    });
    messenger.open(await openChat(laptop, summary, NEW));
    await messenger.send(chat_id, "readable");
    await waitForEvents("sent");
    const restarted = (await openKeptChat(phone!, await phone!.api.getChat(chat_id)))!;
    const other = await talk(phone!, [restarted]);
    expect((await other.waitForEvents("message"))[0]!.message.content).toMatchObject({
      text: "readable",
    });
    await Promise.all([messenger.stop(), other.messenger.stop()]);
  });

  it("reports texts that were written offline as failed, and sends none", async () => {
    const [phone] = await register("cleo", "dora");
    const { chat_id } = await createChat(phone!, "dora", OLD);
    const laptop = await device("cleo");
    const opened = await openChat(laptop, await laptop.api.getChat(chat_id), OLD);
    const { messenger, waitForEvents, line } = await talk(laptop, [opened]);
    line.cut();
    await vi.waitUntil(() => messenger.isOnline === false, { timeout: 30_000 });
    // The list of chats fails too.
    const getChats = vi.spyOn(laptop.api, "listChats").mockRejectedValue(new Error("no network"));
    await messenger.send(chat_id, "one");
    await messenger.send(chat_id, "two");
    expect(messenger.pending).toBe(2);
    await restartChat(phone!, await phone!.api.getChat(chat_id), NEW);
    getChats.mockRestore();
    line.isCut = false;
    messenger.probe();
    expect(textsOf(await waitForEvents("failed", 2))).toEqual([
      ["ERR_CHAT_STARTED_OVER", "one"],
      ["ERR_CHAT_STARTED_OVER", "two"],
    ]);
    await waitForEvents("closed");
    await vi.waitUntil(() => messenger.isOnline, { timeout: 30_000 });
    expect(messenger.pending).toBe(0);
    await messenger.stop();
    expect(await stored(chat_id)).toBe(0);
    expect(await laptop.stores.outbox.list()).toEqual([]);
  });

  it.each(["before", "after"] as const)(
    "reports texts of an earlier run as failed, %s the chat is opened again",
    async (when) => {
      const [creator, peer] = [`eve_${when}`, `fay_${when}`];
      const [phone] = await register(creator, peer);
      const { chat_id } = await createChat(phone!, peer, OLD);
      const laptop = await device(creator);
      const opened = await openChat(laptop, await laptop.api.getChat(chat_id), OLD);
      const first = await talk(laptop, [opened], true);
      await first.messenger.send(chat_id, "of an earlier run");
      await first.messenger.stop();
      await restartChat(phone!, await phone!.api.getChat(chat_id), NEW);

      const summary = await laptop.api.getChat(chat_id);
      expect(await openKeptChat(laptop, summary)).toBe(undefined);
      const again = when === "after" ? [await openChat(laptop, summary, NEW)] : [];
      const { messenger, waitForEvents } = await talk(laptop, again);
      expect(textsOf(await waitForEvents("failed"))).toEqual([
        ["ERR_CHAT_STARTED_OVER", "of an earlier run"],
      ]);
      await messenger.stop();
      expect(await stored(chat_id)).toBe(0);
      expect(await laptop.stores.outbox.list()).toEqual([]);
    },
  );

  it("reports messages that it can no longer decrypt as failed once the chat is opened", async () => {
    const [phone] = await register("gil", "hal");
    const { chat_id } = await createChat(phone!, "hal", OLD);
    const laptop = await device("gil");
    const opened = await openChat(laptop, await laptop.api.getChat(chat_id), OLD);
    const first = await talk(laptop, [opened], true);
    await first.messenger.send(chat_id, "whose key is not kept");
    await first.messenger.stop();
    await laptop.stores.keys.clear();
    await restartChat(phone!, await phone!.api.getChat(chat_id), NEW);

    const { messenger, waitForEvents, reported } = await talk(laptop, []);
    await waitForEvents("chats");
    expect(reported.some(({ type }) => type === "failed")).toBe(false);
    expect(await laptop.stores.outbox.list()).toHaveLength(1);
    messenger.open(await openChat(laptop, await laptop.api.getChat(chat_id), NEW));
    expect(textsOf(await waitForEvents("failed"))).toEqual([
      ["ERR_CHAT_STARTED_OVER", "unreadable"],
    ]);
    await messenger.stop();
    expect(await stored(chat_id)).toBe(0);
    expect(await laptop.stores.outbox.list()).toEqual([]);
  });

  it.each(["closed", "opened again"])(
    "rejects a text that is still being stored when the chat is %s, and does not report it",
    async (end) => {
      const [creator, peer] = end === "closed" ? ["kai", "lia"] : ["max", "nia"];
      const [phone] = await register(creator!, peer!);
      const { chat_id } = await createChat(phone!, peer!, OLD);
      const laptop = await device(creator!);
      const opened = await openChat(laptop, await laptop.api.getChat(chat_id), OLD);
      const { messenger, waitForEvents, reported } = await talk(laptop, [opened]);
      const { proceed, isWriting } = holdOutbox(laptop);
      const sending = messenger.send(chat_id, "unreadable");
      await isWriting();
      await restartChat(phone!, await phone!.api.getChat(chat_id), NEW);
      await waitForEvents("closed");
      if (end === "opened again") {
        messenger.open(await openChat(laptop, await laptop.api.getChat(chat_id), NEW));
      }
      proceed();
      await expect(sending).rejects.toMatchObject({ code: "ERR_CHAT_STARTED_OVER" });
      await messenger.stop();
      expect(reported.some(({ type }) => type === "failed")).toBe(false);
      expect(messenger.pending).toBe(0);
      expect(await laptop.stores.outbox.list()).toEqual([]);
    },
  );

  it("sends none of the texts that wait for the acknowledgements of 32 earlier ones", async () => {
    const [phone] = await register("quin", "rita");
    const { chat_id } = await createChat(phone!, "rita", OLD);
    const laptop = await device("quin");
    const opened = await openChat(laptop, await laptop.api.getChat(chat_id), OLD);
    const sent: Buffer[] = [];
    let isHeld = false;
    class HoldingSocket extends NodeWebSocket {
      override send(bytes: Uint8Array): void {
        if (isHeld) sent.push(Buffer.from(bytes));
        else super.send(bytes);
      }
    }
    const options = { open: [opened], WebSocket: HoldingSocket };
    const { messenger, waitForEvents } = await startTalking(laptop, options);
    await waitForEvents("caught_up");
    isHeld = true;
    const texts = Array.from({ length: 34 }, (_, at) => `text ${at}`);
    const written = [];
    for (const text of texts) written.push(await messenger.send(chat_id, text));
    await restartChat(phone!, await phone!.api.getChat(chat_id), NEW);
    expect(textsOf(await waitForEvents("failed", 34))).toEqual(
      texts.map((text) => ["ERR_CHAT_STARTED_OVER", text]),
    );
    await messenger.stop();
    const isSent = written.map(({ encrypted }) =>
      sent.some((frame) => frame.includes(Buffer.from(encrypted.content))),
    );
    expect(isSent).toEqual(texts.map((_, at) => at < 32));
  });

  it("removes the stored messages of the chat when it is opened again", async () => {
    const [phone] = await register("ivo", "jon");
    const { chat_id } = await createChat(phone!, "jon", OLD);
    const laptop = await device("ivo");
    const opened = await openChat(laptop, await laptop.api.getChat(chat_id), OLD);
    const { messenger, waitForEvents } = await talk(laptop, [opened]);
    await messenger.send(chat_id, "deleted at the server");
    await waitForEvents("sent");
    await restartChat(phone!, await phone!.api.getChat(chat_id), NEW);
    await waitForEvents("closed");
    await messenger.stop();
    const page = { before: 9, limit: 9 };
    expect(await laptop.stores.deliveries.messages(chat_id, page)).toHaveLength(1);
    await openChat(laptop, await laptop.api.getChat(chat_id), NEW);
    expect(await laptop.stores.deliveries.messages(chat_id, page)).toEqual([]);
  });
});

describe("a device without queued messages, when the chat is started over while it is offline", () => {
  it("does not send a text that is written while the socket opens", async () => {
    const [phone] = await register("pia", "rob");
    const { chat_id } = await createChat(phone!, "rob", OLD);
    const laptop = await device("pia");
    const opened = await openChat(laptop, await laptop.api.getChat(chat_id), OLD);
    let isDown = true;
    let proceed = () => {};
    class SlowSocket extends NodeWebSocket {
      constructor(url: URL) {
        if (isDown) throw new Error("no network");
        super(url);
      }
      override emit(event: string, ...values: unknown[]): boolean {
        if (event !== "open") return super.emit(event, ...values);
        proceed = () => super.emit(event, ...values);
        return true;
      }
    }
    const options = { open: [opened], WebSocket: SlowSocket };
    const { messenger, waitForEvents } = await startTalking(laptop, options);
    await waitForEvents("not connected");
    await restartChat(phone!, await phone!.api.getChat(chat_id), NEW);
    const before = proceed;
    isDown = false;
    messenger.probe();
    await vi.waitUntil(() => proceed !== before, { timeout: 30_000 });
    await expect(messenger.send(chat_id, "under the old key")).rejects.toMatchObject({
      code: "ERR_CHAT_STARTED_OVER",
    });
    proceed();
    await waitForEvents("closed");
    await messenger.stop();
    expect(await stored(chat_id)).toBe(0);
  });
});

describe("a malicious server that changes a pinned parameter", () => {
  it("stops an open chat that was answered, and gets none of its messages", async () => {
    const [kim] = await register("kim", "leo");
    const opened = await createChat(kim!, "leo", OLD);
    const { chat_id } = opened;
    await noteAnswer(kim!, chat_id);
    const { messenger, waitForEvents, line } = await talk(kim!, [opened]);
    line.cut();
    await vi.waitUntil(() => messenger.isOnline === false, { timeout: 30_000 });
    const getChats = vi.spyOn(kim!.api, "listChats").mockRejectedValue(new Error("no network"));
    await messenger.send(chat_id, "for leo only");
    await changeKeyCheck(chat_id);
    getChats.mockRestore();
    line.isCut = false;
    messenger.probe();
    expect(textsOf(await waitForEvents("failed"))).toEqual([["ERR_CHAT_CHANGED", "for leo only"]]);
    expect(await waitForEvents("closed")).toMatchObject([{ reason: { code: "ERR_CHAT_CHANGED" } }]);
    await expect(messenger.send(chat_id, "more")).rejects.toMatchObject({
      code: "ERR_CHAT_CHANGED",
    });
    await messenger.stop();
    expect(await stored(chat_id)).toBe(0);
  });

  it("gets no message that was written while a connection was being made", async () => {
    const [kim] = await register("mia", "noa");
    const opened = await createChat(kim!, "noa", OLD);
    const { chat_id } = opened;
    await noteAnswer(kim!, chat_id);
    const { messenger, waitForEvents, line } = await talk(kim!, [opened], true);
    const createTicket = kim!.api.createTicket.bind(kim!.api);
    let proceed = () => {};
    const written = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    const tickets = vi.spyOn(kim!.api, "createTicket").mockImplementation(async () => {
      await written;
      return createTicket();
    });
    messenger.probe();
    await vi.waitUntil(() => tickets.mock.calls.length > 0, { timeout: 30_000 });
    await messenger.send(chat_id, "for noa only");
    await changeKeyCheck(chat_id);
    line.isCut = false;
    proceed();
    expect(textsOf(await waitForEvents("failed"))).toEqual([["ERR_CHAT_CHANGED", "for noa only"]]);
    await messenger.stop();
    expect(await stored(chat_id)).toBe(0);
  });

  it("gets no message that was still being stored when a connection was made", async () => {
    const [sam] = await register("sam", "uma");
    const opened = await createChat(sam!, "uma", OLD);
    const { chat_id } = opened;
    await noteAnswer(sam!, chat_id);
    const { messenger, waitForEvents, line } = await talk(sam!, [opened], true);
    const { proceed, isWriting } = holdOutbox(sam!);
    const sending = messenger.send(chat_id, "for uma only");
    await isWriting();
    await changeKeyCheck(chat_id);
    const tickets = vi.spyOn(sam!.api, "createTicket");
    line.isCut = false;
    messenger.probe();
    const hasTicket = () => tickets.mock.settledResults[0]?.type === "fulfilled";
    await vi.waitUntil(hasTicket, { timeout: 30_000 });
    proceed();
    await sending;
    expect(textsOf(await waitForEvents("failed"))).toEqual([["ERR_CHAT_CHANGED", "for uma only"]]);
    await messenger.stop();
    expect(await stored(chat_id)).toBe(0);
  });

  it("gets no message, and the user gets each text back though the stored keys cannot be read", async () => {
    const stores = storesInMemory();
    const account = await enterAccount(server.url, "tom", { stores });
    await register("ugo");
    const opened = await createChat(account, "ugo", OLD);
    const { chat_id } = opened;
    await noteAnswer(account, chat_id);
    const { messenger, waitForEvents, line } = await talk(account, [opened], true);
    await messenger.send(chat_id, "for ugo only");
    await changeKeyCheck(chat_id);
    vi.spyOn(stores.keys, "get").mockRejectedValue(new StoreError("the disk fails"));
    line.isCut = false;
    messenger.probe();
    expect(textsOf(await waitForEvents("failed"))).toEqual([["ERR_CHAT_CHANGED", "for ugo only"]]);
    await messenger.stop();
  });
});
