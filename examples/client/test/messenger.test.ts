import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openDatabase } from "../../server/src/database/open-database.js";
import { TestServer } from "../../server/test/support.js";
import {
  Account,
  createChat,
  findChat,
  loginInMemory,
  Messenger,
  type MessengerEvent,
  openChat,
  signIn,
  storesInMemory,
  tickOf,
} from "../src/index.js";
import { connectInNode } from "../src/node/index.js";

const server = new TestServer();
beforeAll(() => server.start());
afterAll(() => server.remove());

const PASSPHRASE = "battery staple";

async function enter(username: string): Promise<Account> {
  const login = loginInMemory();
  const stores = storesInMemory();
  await signIn(
    "register",
    server.url,
    { username, password: "correct horse" },
    login,
    () => stores,
  );
  return Account.open(login, () => stores);
}

/** A messenger, and everything that it told. */
async function talk(account: Account, peer: string) {
  const chat =
    (await findChat(account, peer).then(
      (found) => found && openChat(account, found, PASSPHRASE),
    )) ?? (await createChat(account, peer, PASSPHRASE));
  const told: MessengerEvent[] = [];
  const messenger = await Messenger.start({
    account,
    connect: connectInNode,
    open: [chat],
    hear: (event) => void told.push(event),
  });
  const hears = async <Type extends MessengerEvent["type"]>(type: Type, count = 1) => {
    const some = () => told.filter((event) => event.type === type);
    await vi.waitUntil(() => some().length >= count, { timeout: 30_000 });
    return some() as Extract<MessengerEvent, { type: Type }>[];
  };
  await hears("connection");
  return { messenger, chat, told, hears, chatId: chat.chat_id };
}

describe("alice and bob", () => {
  it("write to each other, and see how far it came", async () => {
    const [anAlice, aBob] = await Promise.all(["alice", "bob"].map(enter));
    const alice = await talk(anAlice!, "bob");
    const bob = await talk(aBob!, "alice");
    const { chatId } = alice;
    expect(await alice.hears("presence")).toMatchObject([
      { user_id: aBob!.user_id, isOnline: true },
    ]);

    const written = await alice.messenger.send(chatId, "hola");
    expect(written).toMatchObject({ isOwn: true, seq: undefined, content: { text: "hola" } });
    const { message: sent } = (await alice.hears("sent"))[0]!;
    expect(sent).toMatchObject({ seq: 1, client_id: written.client_id });
    const [heard] = await bob.hears("message");
    expect(heard!.message).toMatchObject({ isOwn: false, seq: 1, content: { text: "hola" } });
    expect(bob.messenger.chat(chatId)).toMatchObject({ unread: 1 });

    await alice.hears("delivered");
    expect(tickOf(sent, alice.messenger.chat(chatId)!)).toBe("delivered");
    bob.messenger.typing(chatId);
    await alice.hears("typing");
    bob.messenger.markRead(chatId, 1);
    await alice.hears("read");
    expect(tickOf(sent, alice.messenger.chat(chatId)!)).toBe("read");
    expect(bob.messenger.chat(chatId)).toMatchObject({ unread: 0 });

    await Promise.all([alice.messenger.stop(), bob.messenger.stop()]);
    // What was handed over is kept together with its cursor, of both.
    for (const { stores } of [anAlice!, aBob!]) {
      expect(await stores.deliveries.cursor(chatId)).toBe(1);
      const kept = await stores.deliveries.list(chatId, { before: 9, limit: 9 });
      expect(kept.map(({ seq }) => seq)).toEqual([1]);
      expect(await stores.outbox.list()).toEqual([]);
    }
  });
});

describe("what is not as it should be", () => {
  it("a message that was moved here from another chat is tampered with, and no text", async () => {
    const [anErin, aFrank, aGrace] = await Promise.all(["erin", "frank", "grace"].map(enter));
    const frank = await talk(aFrank!, "erin");
    const grace = await talk(aGrace!, "erin");
    await frank.messenger.send(frank.chatId, "for this chat");
    await grace.messenger.send(grace.chatId, "for that chat");
    await Promise.all([frank.hears("sent"), grace.hears("sent")]);
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
    const [first, second] = (await erin.hears("message", 2)).map(({ message }) => message);
    const byChat = new Map([first!, second!].map((message) => [message.chat_id, message.content]));
    expect(byChat.get(frank.chatId)).toEqual({ kind: "unreadable", reason: "tampered" });
    // Of this one nobody told us the passphrase yet.
    expect(byChat.get(grace.chatId)).toEqual({ kind: "unreadable", reason: "locked" });
    await erin.messenger.stop();
  });

  it("a wrong passphrase is noticed before anything is sent", async () => {
    const [heidi] = await Promise.all(["heidi", "ivan"].map(enter));
    await createChat(heidi!, "ivan", PASSPHRASE);
    const chat = (await findChat(heidi!, "ivan"))!;
    await expect(openChat(heidi!, chat, "another")).rejects.toMatchObject({
      code: "ERR_WRONG_PASSPHRASE",
    });
    for (const change of [
      { iterations: 500_000 },
      { salt: new Uint8Array(16) },
      { key_check: new Uint8Array(16) },
      { peer_id: 999 },
      { chat_id: 999 },
    ]) {
      await expect(openChat(heidi!, { ...chat, ...change }, PASSPHRASE)).rejects.toMatchObject({
        code: "ERR_CHAT_CHANGED",
        message: expect.stringContaining(Object.keys(change)[0]!),
      });
    }
  });
});
