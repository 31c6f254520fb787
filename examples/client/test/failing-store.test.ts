import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { TestServer } from "../../server/test/support.js";
import {
  type Account,
  createChat,
  openChat,
  restartChat,
  StoreError,
  storesInMemory,
  takeUnsent,
} from "../src/index.js";
import { enter as enterAccount, Line, talk } from "./device.js";

const server = new TestServer();
beforeAll(() => server.start());
afterAll(() => server.remove());

const PASSPHRASE = "battery staple";
const FULL = new StoreError("the disk is full: make room for it");

/** Registers an account whose stores reject each call for which `disk.fails` returns true. */
async function enter(username: string) {
  const disk = { fails: (_write: string, _about: unknown): boolean => false };
  const stores = storesInMemory();
  const guard = <Store extends object>(name: string, store: Store, writes: readonly string[]) =>
    new Proxy(store, {
      get(target, method) {
        const work = Reflect.get(target, method) as (...given: unknown[]) => Promise<void>;
        if (!writes.includes(String(method))) return work;
        return async (about: unknown, ...more: unknown[]) => {
          if (disk.fails(`${name}.${String(method)}`, about)) throw FULL;
          return work(about, ...more);
        };
      },
    });
  const account = await enterAccount(server.url, username, {
    stores: {
      ...stores,
      outbox: guard("outbox", stores.outbox, ["add", "remove"]),
      pins: guard("pins", stores.pins, ["list", "add"]),
      deliveries: guard("deliveries", stores.deliveries, ["moveCursor", "keep", "expire"]),
    },
  });
  return { account, disk };
}

/** Creates a chat, which the peer accepts. Returns it as each member opened it. */
async function chatOf(account: Account, peer: Account) {
  const own = await createChat(account, peer.username, PASSPHRASE);
  const peers = await openChat(peer, await peer.api.getChat(own.chat_id), PASSPHRASE);
  return { own, peers, chat_id: own.chat_id };
}

const seqsKept = async ({ stores }: Account, chatId: number) =>
  (await stores.deliveries.messages(chatId, { before: 99, limit: 99 })).map(({ seq }) => seq);

describe("a messenger whose store fails", () => {
  it("rejects a text that cannot be stored, and sends those of other chats and later ones", async () => {
    const { account: ana, disk } = await enter("ana");
    const { account: ben } = await enter("ben");
    const { account: cleo } = await enter("cleo");
    const [withBen, withCleo] = [await chatOf(ana, ben), await chatOf(ana, cleo)];
    const { messenger, reported, waitForEvents } = await talk(ana, {
      open: [withBen.own, withCleo.own],
    });
    disk.fails = (write, about) =>
      write === "outbox.add" && (about as { chat_id: number }).chat_id === withBen.chat_id;
    await expect(messenger.send(withBen.chat_id, "not stored")).rejects.toBe(FULL);
    expect(messenger.pending).toBe(0);
    await messenger.send(withCleo.chat_id, "stored");
    expect((await waitForEvents("sent"))[0]!.message.content).toMatchObject({ text: "stored" });
    disk.fails = () => false;
    await messenger.send(withBen.chat_id, "not stored");
    await waitForEvents("sent", 2);
    expect(reported.filter(({ type }) => type === "failed" || type === "ended")).toEqual([]);
    await messenger.stop();
    expect(await ana.stores.outbox.list()).toEqual([]);
  });

  it("shows what comes in, reports the failure once, and stores cursors when the store works again", async () => {
    const [{ account: dora, disk }, { account: emil }] = [await enter("dora"), await enter("emil")];
    const { own, peers, chat_id } = await chatOf(emil, dora);
    const sender = await talk(emil, { open: [own] });
    const { messenger, reported, waitForEvents } = await talk(dora, { open: [peers] });
    disk.fails = () => true;
    await sender.messenger.send(chat_id, "one");
    await sender.messenger.send(chat_id, "two");
    await waitForEvents("message", 2);
    expect(await waitForEvents("store")).toEqual([{ type: "store", error: FULL }]);
    expect(await dora.stores.deliveries.cursor(chat_id)).toBeUndefined();
    expect(await dora.stores.pins.list().catch((error) => error)).toBe(FULL);

    disk.fails = () => false;
    expect(await waitForEvents("store", 2)).toContainEqual({ type: "store", error: undefined });
    expect(await dora.stores.deliveries.cursor(chat_id)).toBe(2);
    expect(await seqsKept(dora, chat_id)).toEqual([1, 2]);
    expect((await dora.stores.pins.list())[0]).not.toHaveProperty("unanswered");
    await sender.messenger.send(chat_id, "three");
    await waitForEvents("message", 3);
    await Promise.all([messenger.stop(), sender.messenger.stop()]);
    expect(await dora.stores.deliveries.cursor(chat_id)).toBe(3);
    expect(reported.some(({ type }) => type === "ended")).toBe(false);
  });

  it("shows a message again in the next run if its cursor was never stored", async () => {
    const [{ account: fay, disk }, { account: gil }] = [await enter("fay"), await enter("gil")];
    const { own, peers, chat_id } = await chatOf(gil, fay);
    const sender = await talk(gil, { open: [own] });
    await sender.messenger.send(chat_id, "hola");
    await sender.waitForEvents("sent");
    await sender.messenger.stop();
    disk.fails = (write) => write === "deliveries.moveCursor";
    for (const isFull of [true, false]) {
      if (!isFull) disk.fails = () => false;
      const { messenger, waitForEvents } = await talk(fay, { open: [peers] });
      expect(await waitForEvents("message")).toHaveLength(1);
      await messenger.stop();
      expect(await fay.stores.deliveries.cursor(chat_id)).toBe(isFull ? undefined : 1);
    }
  });

  it("removes an acknowledged message from the outbox when the store works again", async () => {
    const [{ account: hal, disk }, { account: ida }] = [await enter("hal"), await enter("ida")];
    const { own, chat_id } = await chatOf(hal, ida);
    const { messenger, waitForEvents } = await talk(hal, { open: [own] });
    disk.fails = (write) => write === "outbox.remove";
    await messenger.send(chat_id, "hola");
    await waitForEvents("sent");
    expect(await waitForEvents("store")).toEqual([{ type: "store", error: FULL }]);
    expect(await hal.stores.outbox.list()).toHaveLength(1);
    disk.fails = () => false;
    await messenger.stop();
    expect(await hal.stores.outbox.list()).toEqual([]);
  });

  it("gives back all unsent texts of a restarted chat though one of them cannot be removed", async () => {
    const [{ account: pat, disk }, { account: quin }] = [await enter("pat"), await enter("quin")];
    const created = await createChat(pat, quin.username, PASSPHRASE);
    const { WebSocket } = new Line(true);
    const { messenger } = await talk(pat, { open: [created], WebSocket });
    const texts = ["one", "two", "three"];
    for (const text of texts) await messenger.send(created.chat_id, text);
    await messenger.stop();
    const chat = await pat.api.getChat(created.chat_id);
    const restarted = await restartChat(pat, chat, "another passphrase");
    let removals = 0;
    disk.fails = (write) => write === "outbox.remove" && ++removals === 2;
    const unsent = await takeUnsent(pat, { ...restarted, earlierKey: created.key });
    expect(unsent.map(({ content }) => content)).toEqual(
      texts.map((text) => expect.objectContaining({ text })),
    );
    expect(await pat.stores.outbox.list()).toHaveLength(1);
  });

  it("shows a page of history that cannot be kept", async () => {
    const [{ account: jan, disk }, { account: kim }] = [await enter("jan"), await enter("kim")];
    const { own, chat_id } = await chatOf(jan, kim);
    const { messenger, waitForEvents } = await talk(jan, { open: [own] });
    await messenger.send(chat_id, "hola");
    await waitForEvents("sent");
    disk.fails = (write) => write === "deliveries.keep";
    const { messages } = await messenger.history(chat_id);
    expect(messages).toMatchObject([{ content: { text: "hola" } }]);
    expect(await waitForEvents("store")).toEqual([{ type: "store", error: FULL }]);
    await messenger.stop();
  });

  it("reports a change of the auto-delete setting though the pins could not be read at first", async () => {
    const [{ account: noa, disk }, { account: oli }] = [await enter("noa"), await enter("oli")];
    const { own, chat_id } = await chatOf(noa, oli);
    const { messenger, reported, waitForEvents } = await talk(noa, { open: [own] });
    await vi.waitUntil(() => messenger.isOnline && reported.some(({ type }) => type === "chats"), {
      timeout: 30_000,
    });
    let failures = 0;
    disk.fails = (write) => write === "pins.list" && ++failures === 1;
    await oli.api.configureChat(chat_id, { auto_delete_hours: 24 });
    await vi.waitUntil(() => failures > 0, { timeout: 30_000 });
    await messenger.refresh();
    expect(await waitForEvents("auto_delete")).toMatchObject([{ chat_id, auto_delete_hours: 24 }]);
    await messenger.stop();
  });

  it("connects as soon as what it needs to read can be read", async () => {
    const [{ account: leo, disk }, { account: mia }] = [await enter("leo"), await enter("mia")];
    const { own, chat_id } = await chatOf(leo, mia);
    const first = await talk(leo, { open: [own], WebSocket: new Line(true).WebSocket });
    await first.messenger.send(chat_id, "hola");
    await first.messenger.stop();
    const { messenger, reported, waitForEvents } = await talk(leo, { open: [own] });
    disk.fails = (write) => write === "pins.list";
    expect(await waitForEvents("not connected")).toContainEqual({
      type: "not connected",
      why: "store",
    });
    expect(await waitForEvents("store")).toEqual([{ type: "store", error: FULL }]);
    disk.fails = () => false;
    await waitForEvents("sent");
    const works = () => reported.some((event) => event.type === "store" && !event.error);
    await vi.waitUntil(works, { timeout: 30_000 });
    expect(reported.some(({ type }) => type === "ended")).toBe(false);
    await messenger.stop();
  });
});
