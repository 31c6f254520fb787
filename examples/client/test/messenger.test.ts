import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openDatabase } from "../../server/src/database/open-database.js";
import { TestServer } from "../../server/test/support.js";
import {
  type Account,
  createChat,
  findChat,
  type MessengerEvent,
  openChat,
  openKeptChat,
  restartChat,
  tickOf,
} from "../src/index.js";
import { noteAnswer } from "../src/open-chat.js";
import { enter as enterAccount, Line, talk as startTalking } from "./device.js";

const server = new TestServer();
beforeAll(() => server.start());
afterAll(() => server.remove());

const PASSPHRASE = "battery staple";

const enter = (username: string) => enterAccount(server.url, username);

describe("a message that the server rejects", () => {
  it("stays in the outbox until the application has handled its report", async () => {
    const account = await enter("ulla");
    const { outbox } = account.stores;
    const message = {
      ...{ chat_id: 999_999, sender_id: account.user_id, timestamp: 1, client_id: randomUUID() },
      ...{ content: new Uint8Array(16), nonce: new Uint8Array(12), key_check: new Uint8Array(16) },
    };
    await outbox.add(message);
    const run = async (onEvent: (event: MessengerEvent) => void) => {
      const { messenger, reported } = await startTalking(account, { onEvent });
      const isOver = ({ type }: MessengerEvent) => type === "failed" || type === "ended";
      await vi.waitUntil(() => reported.some(isOver), { timeout: 30_000 });
      await messenger.stop();
      return reported.filter(isOver).map(({ type }) => type);
    };
    const crash = ({ type }: MessengerEvent) => {
      if (type === "failed") throw new Error("as if the program died");
    };
    expect(await run(crash)).toContain("failed");
    expect(await outbox.list()).toHaveLength(1);
    expect(await run(() => {})).toEqual(["failed"]);
    expect(await outbox.list()).toEqual([]);
  });
});

/** Starts a messenger that is online and has a chat with a peer open. Creates the chat if it does not exist. */
async function talk(account: Account, peer: string) {
  const found = await findChat(account, peer);
  const chat = await (found
    ? openChat(account, found, PASSPHRASE)
    : createChat(account, peer, PASSPHRASE));
  const talking = await startTalking(account, { open: [chat] });
  await talking.waitForEvents("connection");
  return { ...talking, chatId: chat.chat_id };
}

it("rejects a text that is written after the login has ended, and does not store it", async () => {
  const [account] = [await enter("vera"), await enter("walt")];
  const chat = await createChat(account, "walt", PASSPHRASE);
  const { messenger, waitForEvents } = await startTalking(account, { open: [chat] });
  await messenger.send(chat.chat_id, "before");
  await waitForEvents("sent");
  await account.api.logout();
  expect(await waitForEvents("ended")).toMatchObject([{ error: { code: "ERR_LOGIN_ENDED" } }]);
  await expect(messenger.send(chat.chat_id, "after")).rejects.toMatchObject({
    code: "ERR_LOGIN_ENDED",
  });
  expect(messenger.pending).toBe(0);
  expect(await account.stores.outbox.list()).toEqual([]);
  await messenger.stop();
});

describe("two messengers", () => {
  it("exchange a message and its receipts", async () => {
    const [anAlice, aBob] = await Promise.all(["alice", "bob"].map(enter));
    const alice = await talk(anAlice!, "bob");
    const bob = await talk(aBob!, "alice");
    const { chatId } = alice;
    // Before the peer opens the chat, and thereby accepts it, neither member receives the other's presence.
    expect(await alice.waitForEvents("presence", 2)).toMatchObject([
      { user_id: aBob!.user_id, isOnline: false },
      { user_id: aBob!.user_id, isOnline: true },
    ]);

    const written = await alice.messenger.send(chatId, "hola");
    expect(written).toMatchObject({ isOwn: true, seq: undefined, content: { text: "hola" } });
    const { message: sent } = (await alice.waitForEvents("sent"))[0]!;
    expect(sent).toMatchObject({ seq: 1, client_id: written.client_id });
    const [heard] = await bob.waitForEvents("message");
    expect(heard!.message).toMatchObject({ isOwn: false, seq: 1, content: { text: "hola" } });
    expect(bob.messenger.chat(chatId)).toMatchObject({ unread: 1 });

    await alice.waitForEvents("delivered");
    expect(tickOf(sent, alice.messenger.chat(chatId)!)).toBe("delivered");
    bob.messenger.typing(chatId);
    await alice.waitForEvents("typing");
    bob.messenger.markRead(chatId, 1);
    await alice.waitForEvents("read");
    expect(tickOf(sent, alice.messenger.chat(chatId)!)).toBe("read");
    expect(bob.messenger.chat(chatId)).toMatchObject({ unread: 0 });

    await Promise.all([alice.messenger.stop(), bob.messenger.stop()]);
    // Each member has stored the message together with its cursor.
    for (const { stores } of [anAlice!, aBob!]) {
      expect(await stores.deliveries.cursor(chatId)).toBe(1);
      const kept = await stores.deliveries.messages(chatId, { before: 9, limit: 9 });
      expect(kept.map(({ seq }) => seq)).toEqual([1]);
      expect(await stores.outbox.list()).toEqual([]);
    }
  });
});

describe("a chat that is created while its other member is connected", () => {
  it("is listed immediately, has presence after it is accepted, and is followed after a reconnect", async () => {
    const [aJudy, aKarl] = await Promise.all(["judy", "karl"].map(enter));
    const line = new Line();
    const { WebSocket } = line;
    const { messenger: karl, reported } = await startTalking(aKarl!, { WebSocket });
    await vi.waitUntil(() => karl.isOnline, { timeout: 30_000 });
    const judy = await talk(aJudy!, "karl");
    await vi.waitUntil(() => karl.chat(judy.chatId)?.isPeerOnline === false, { timeout: 30_000 });
    expect(karl.chat(judy.chatId)).toMatchObject({ request: "incoming" });
    expect(judy.messenger.chat(judy.chatId)).toMatchObject({ request: "outgoing" });
    await aKarl!.api.changeContact(judy.chatId, "accept");
    await vi.waitUntil(() => karl.chat(judy.chatId)?.isPeerOnline, { timeout: 30_000 });
    await vi.waitUntil(() => judy.messenger.chat(judy.chatId)?.isPeerOnline, { timeout: 30_000 });
    const isMutual = () => judy.messenger.chat(judy.chatId)?.request === undefined;
    await vi.waitUntil(isMutual, { timeout: 30_000 });

    const heard = reported.length;
    line.cut();
    line.isCut = false;
    // The client may reconnect before the test reads its state.
    const wasAway = () =>
      reported.slice(heard).some((event) => event.type === "connection" && !event.isOnline);
    await vi.waitUntil(wasAway, { timeout: 30_000 });
    await judy.messenger.send(judy.chatId, "while karl is away");
    await judy.waitForEvents("sent");
    const messages = () => reported.filter(({ type }) => type === "message");
    await vi.waitUntil(() => messages().length === 1, { timeout: 30_000 });
    await Promise.all([judy.messenger.stop(), karl.stop()]);
  });
});

describe("tampering", () => {
  it("reports a message that was moved from another chat as tampered", async () => {
    const [anErin, aFrank, aGrace] = await Promise.all(["erin", "frank", "grace"].map(enter));
    const frank = await talk(aFrank!, "erin");
    const grace = await talk(aGrace!, "erin");
    await frank.messenger.send(frank.chatId, "for this chat");
    await grace.messenger.send(grace.chatId, "for that chat");
    await Promise.all([frank.waitForEvents("sent"), grace.waitForEvents("sent")]);
    await Promise.all([frank.messenger.stop(), grace.messenger.stop()]);
    const db = openDatabase(server.database);
    const [one, other] = await Promise.all(
      [frank.chatId, grace.chatId].map((id) =>
        db
          .selectFrom("messages")
          .select(["encrypted_content", "nonce"])
          .where("chat_id", "=", id)
          .executeTakeFirstOrThrow(),
      ),
    );
    await db.updateTable("messages").set(other!).where("chat_id", "=", frank.chatId).execute();
    expect(one).not.toEqual(other);
    await db.destroy();

    const erin = await talk(anErin!, "frank");
    const [first, second] = (await erin.waitForEvents("message", 2)).map(({ message }) => message);
    const byChat = new Map([first!, second!].map((message) => [message.chat_id, message.content]));
    expect(byChat.get(frank.chatId)).toEqual({ kind: "unreadable", reason: "tampered" });
    // Erin has not opened this chat.
    expect(byChat.get(grace.chatId)).toEqual({ kind: "unreadable", reason: "locked" });
    await erin.messenger.stop();
  });

  it("rejects a wrong passphrase and changed parameters when the chat is opened", async () => {
    const [heidi] = await Promise.all(["heidi", "ivan"].map(enter));
    await createChat(heidi!, "ivan", PASSPHRASE);
    const chat = (await findChat(heidi!, "ivan"))!;
    await expect(openChat(heidi!, chat, "another")).rejects.toMatchObject({
      code: "ERR_WRONG_PASSPHRASE",
    });
    const parameters = [
      { iterations: 500_000 },
      { salt: new Uint8Array(16) },
      { key_check: new Uint8Array(16) },
    ];
    for (const change of parameters) {
      // Until the peer answers, the parameters may change: the client assumes that the passphrase has changed too.
      await expect(openChat(heidi!, { ...chat, ...change }, PASSPHRASE)).rejects.toMatchObject({
        code: "ERR_WRONG_PASSPHRASE",
      });
    }
    await noteAnswer(heidi!, chat.chat_id);
    for (const change of [...parameters, { peer_id: 999 }, { chat_id: 999 }]) {
      await expect(openChat(heidi!, { ...chat, ...change }, PASSPHRASE)).rejects.toMatchObject({
        code: "ERR_CHAT_CHANGED",
        message: expect.stringContaining(Object.keys(change)[0]!),
      });
    }
  });
});

describe("a chat that its creator starts over", () => {
  it("opens with the new passphrase for both members, until the other member answers", async () => {
    const [mia, noel] = await Promise.all(["mia", "noel"].map(enter));
    const { chat_id } = await createChat(mia!, "noel", "battery stable");
    const seenBy = (account: Account) => account.api.getChat(chat_id);
    await expect(openChat(noel!, await seenBy(noel!), PASSPHRASE)).rejects.toMatchObject({
      code: "ERR_WRONG_PASSPHRASE",
    });
    await expect(restartChat(noel!, await seenBy(noel!), PASSPHRASE)).rejects.toMatchObject({
      code: "ERR_FORBIDDEN",
    });
    await openChat(noel!, await seenBy(noel!), "battery stable");

    await restartChat(mia!, await seenBy(mia!), PASSPHRASE);
    expect(await openKeptChat(mia!, await seenBy(mia!))).toMatchObject({ chat_id });
    // Noel's device has the old key, so Noel must enter the new passphrase.
    expect(await openKeptChat(noel!, await seenBy(noel!))).toBe(undefined);
    const noels = await talk(noel!, "mia");
    const mias = await talk(mia!, "noel");
    await noels.messenger.send(chat_id, "hola");
    expect((await mias.waitForEvents("message"))[0]!.message.content).toMatchObject({
      text: "hola",
    });
    const [pin] = await mia!.stores.pins.list();
    expect(pin).toMatchObject({ chat_id });
    expect(pin).not.toHaveProperty("unanswered");

    await expect(restartChat(mia!, await seenBy(mia!), "another one")).rejects.toMatchObject({
      code: "ERR_CHAT_IN_USE",
    });
    const other = { ...(await seenBy(mia!)), salt: new Uint8Array(16) };
    await expect(openKeptChat(mia!, other)).rejects.toMatchObject({ code: "ERR_CHAT_CHANGED" });
    await Promise.all([mias.messenger.stop(), noels.messenger.stop()]);
  });

  it("is locked, not stopped, if the stored key is the earlier one", async () => {
    const [otto] = await Promise.all(["otto", "pam"].map(enter));
    const { chat_id } = await createChat(otto!, "pam", "battery stable");
    const { key } = (await openKeptChat(otto!, await otto!.api.getChat(chat_id)))!;
    await restartChat(otto!, await otto!.api.getChat(chat_id), PASSPHRASE);
    await otto!.stores.keys.put(chat_id, key);
    expect(await openKeptChat(otto!, await otto!.api.getChat(chat_id))).toBe(undefined);
  });
});
