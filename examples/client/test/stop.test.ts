import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { TestServer } from "../../server/test/support.js";
import {
  Account,
  createChat,
  loginInMemory,
  Messenger,
  type MessengerEvent,
  openChat,
  restartChat,
  signIn,
  storesInMemory,
} from "../src/index.js";
import { NodeWebSocket } from "../src/node/index.js";
import { enter, Line, talk } from "./device.js";

const server = new TestServer();
beforeAll(() => server.start());
afterAll(() => server.remove());

const PASSPHRASE = "battery staple";
/** Time in which events of stopped work would arrive, in milliseconds. */
const QUIET_MS = 300;
const quiet = () => new Promise((resolve) => setTimeout(resolve, QUIET_MS));
const typesOf = (events: readonly MessengerEvent[]) => events.map(({ type }) => type);

/** Delays the answers to `listChats` until `proceed` is called, with an error or without one. */
function holdChatList({ api }: Account) {
  const listChats = api.listChats.bind(api);
  let proceed!: (error?: Error) => void;
  const held = new Promise<Error | undefined>((resolve) => {
    proceed = resolve;
  });
  const asked = vi.spyOn(api, "listChats").mockImplementation(async () => {
    const error = await held;
    if (error !== undefined) throw error;
    return listChats();
  });
  const isAsked = () => vi.waitUntil(() => asked.mock.calls.length > 0, { timeout: 30_000 });
  return { proceed, isAsked };
}

/** A messenger with a queued text, which checks its chats before the next connection. */
async function checking(account: Account, peer: string) {
  const opened = await createChat(account, peer, PASSPHRASE);
  const line = new Line(true);
  const talking = await talk(account, { open: [opened], WebSocket: line.WebSocket });
  const { messenger } = talking;
  await vi.waitUntil(() => messenger.isOnline === false, { timeout: 30_000 });
  await messenger.send(opened.chat_id, "queued");
  const { proceed, isAsked } = holdChatList(account);
  line.isCut = false;
  messenger.probe();
  await isAsked();
  return { ...talking, chat_id: opened.chat_id, proceed };
}

async function register(username: string): Promise<Account> {
  const [account] = await Promise.all([
    enter(server.url, username),
    enter(server.url, `${username}_peer`),
  ]);
  return account;
}

describe("a messenger that is stopped while it checks its chats", () => {
  it.each([
    ["succeeds", undefined],
    ["fails", new Error("no network")],
  ])("reports nothing and keeps its outbox if the check %s later", async (end, error) => {
    const account = await register(`ana_${end}`);
    const { messenger, reported, proceed } = await checking(account, `ana_${end}_peer`);
    await messenger.stop();
    const before = reported.length;
    proceed(error);
    await quiet();
    expect(typesOf(reported.slice(before))).toEqual([]);
    expect(await account.stores.outbox.list()).toHaveLength(1);
  });

  it("does not wait for the list, which an event asks for", async () => {
    const account = await register("gala");
    const opened = await createChat(account, "gala_peer", PASSPHRASE);
    const { messenger, waitForEvents } = await talk(account, { open: [opened] });
    await waitForEvents("caught_up");
    const { proceed, isAsked } = holdChatList(account);
    const other = await enter(server.url, "gala_other");
    await createChat(other, "gala", PASSPHRASE);
    await isAsked();
    await messenger.stop();
    proceed();
  });

  it("does not list the chats of a user who logs in next", async () => {
    const login = loginInMemory();
    const sign = (how: "register" | "login", username: string) => {
      const credentials = { username, password: "correct horse" };
      return signIn(how, server.url, credentials, login, () => storesInMemory());
    };
    await Promise.all([enter(server.url, "oda_peer"), enter(server.url, "pam_peer")]);
    await sign("register", "pam");
    const pam = await Account.open(login, () => storesInMemory());
    const { chat_id } = await createChat(pam, "pam_peer", PASSPHRASE);
    await pam.logout();
    await sign("register", "oda");
    const oda = await Account.open(login, () => storesInMemory());
    const { messenger, proceed } = await checking(oda, "oda_peer");
    await messenger.stop();
    await oda.logout();
    await sign("login", "pam");
    proceed();
    await quiet();
    expect(messenger.chats.map((chat) => chat.chat_id)).not.toContain(chat_id);
  });
});

describe("a messenger that is stopped while it reads the key of a text to give back", () => {
  it("reports nothing, and leaves the text in the outbox for the next messenger", async () => {
    const phone = await register("eva");
    const { chat_id } = await createChat(phone, "eva_peer", PASSPHRASE);
    const laptop = await enter(server.url, "eva", { how: "login" });
    const opened = await openChat(laptop, await laptop.api.getChat(chat_id), PASSPHRASE);
    const first = await talk(laptop, { open: [opened], WebSocket: new Line(true).WebSocket });
    await vi.waitUntil(() => first.messenger.isOnline === false, { timeout: 30_000 });
    await first.messenger.send(chat_id, "precious");
    await first.messenger.stop();
    await restartChat(phone, await phone.api.getChat(chat_id), "another passphrase");

    const readKey = laptop.stores.keys.get.bind(laptop.stores.keys);
    let proceed!: () => void;
    const held = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    const asked = vi.spyOn(laptop.stores.keys, "get").mockImplementation(async (id) => {
      await held;
      return readKey(id);
    });
    const { messenger, reported } = await talk(laptop, {});
    await vi.waitUntil(() => asked.mock.calls.length > 0, { timeout: 30_000 });
    await messenger.stop();
    const before = reported.length;
    proceed();
    await quiet();
    expect(typesOf(reported.slice(before))).toEqual([]);
    expect(await laptop.stores.outbox.list()).toHaveLength(1);
  });
});

describe("a messenger that is stopped while it connects", () => {
  it("reports no failed attempt", async () => {
    const account = await register("xia");
    let isConnecting = false;
    class CountedSocket extends NodeWebSocket {
      constructor(url: URL) {
        super(url);
        isConnecting = true;
      }
    }
    const events: MessengerEvent[] = [];
    const onEvent = (event: MessengerEvent) => void events.push(event);
    const messenger = await Messenger.start({ account, WebSocket: CountedSocket, onEvent });
    await vi.waitUntil(() => isConnecting, { interval: 1, timeout: 30_000 });
    await messenger.stop();
    const before = events.length;
    await quiet();
    expect(typesOf(events.slice(before))).toEqual([]);
  });
});

describe("a messenger whose handler throws", () => {
  it("ends with that error, and ignores that the handler throws for the end too", async () => {
    const account = await register("zoe");
    const thrown: string[] = [];
    const onEvent = ({ type }: MessengerEvent) => {
      thrown.push(type);
      throw new Error("a bug");
    };
    // A rejection that is not handled fails the test run.
    const messenger = await Messenger.start({ account, WebSocket: NodeWebSocket, onEvent });
    await vi.waitUntil(() => thrown.includes("ended"), { timeout: 30_000 });
    await messenger.stop();
    await quiet();
    expect(thrown.filter((type) => type === "ended")).toEqual(["ended"]);
    expect(thrown).toHaveLength(2);
  });
});

describe("a text that is sent when the messenger was stopped", () => {
  it.each(["during", "after"])("is rejected and not stored (%s stop)", async (when) => {
    const account = await register(`wes_${when}`);
    const { messenger, chat_id, proceed } = await checking(account, `wes_${when}_peer`);
    const stopping = messenger.stop();
    if (when === "after") await stopping;
    await expect(messenger.send(chat_id, "late")).rejects.toMatchObject({ code: "ERR_STOPPED" });
    await stopping;
    proceed();
    expect(await account.stores.outbox.list()).toHaveLength(1);
  });
});
