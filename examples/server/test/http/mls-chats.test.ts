import { MlsChats } from "lacre/client/mls";
import { Device } from "lacre/mls";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { firstDevice, MlsDevice, otherDevice } from "../mls-device.js";
import { mlsServerOf } from "../mls-server.js";
import { TestServer } from "../support.js";

/** Position of the epoch in an MLSMessage with a PrivateMessage and a group id of 24 bytes. */
const EPOCH_AT = 29;
const server = new TestServer();
const devices: MlsDevice[] = [];
let [alice, bob, carol]: MlsDevice[] = [];
let passphraseChat: number;

beforeAll(async () => {
  const users = await server.startWithChat();
  passphraseChat = users.chat_id;
  alice = await firstDevice(server, users.alice, "alice");
  bob = await firstDevice(server, users.bob, "bob");
  carol = await firstDevice(server, users.carol, "carol");
  devices.push(alice, bob, carol);
});
afterAll(async () => {
  for (const device of devices) await device.stop();
  await server.remove();
});

describe("MLS chats", () => {
  it("carry messages between users and their devices", async () => {
    const bob2 = await otherDevice(server, await server.login("bob"), bob!, "bob's second");
    devices.push(bob2);
    const chat_id = await alice!.createChat(["bob"], [bob!]);
    await bob2.joins(chat_id);
    await alice!.send(chat_id, "hola");
    await Promise.all([bob!, bob2].map((one) => one.reads(chat_id, "hola")));
    await bob2.send(chat_id, "¿qué tal?");
    await Promise.all([alice!, bob!].map((one) => one.reads(chat_id, "¿qué tal?")));
    expect(await alice!.mls.safetyNumber(bob!.user.id)).toBe(
      await bob2.mls.safetyNumber(alice!.user.id),
    );
    expect(alice!.mls.get(chat_id)!.authenticator).toEqual(bob2.mls.get(chat_id)!.authenticator);
  });

  it("add and remove members, who can read what was written while they are in the chat", async () => {
    const chat_id = await alice!.createChat(["bob"], [bob!]);
    await alice!.send(chat_id, "before");
    await bob!.reads(chat_id, "before");
    await alice!.mls.commit(chat_id, { add: [carol!.user.id] });
    await carol!.joins(chat_id);
    await alice!.send(chat_id, "with carol");
    await Promise.all([bob!, carol!].map((one) => one.reads(chat_id, "with carol")));
    expect(carol!.texts(chat_id)).toEqual(["with carol"]);
    await alice!.mls.commit(chat_id, { remove: [bob!.user.id] });
    await vi.waitUntil(() => !bob!.mls.get(chat_id)!.isActive, { timeout: 30_000 });
    await carol!.send(chat_id, "without bob");
    await alice!.reads(chat_id, "without bob");
    expect(bob!.texts(chat_id)).toEqual(["before", "with carol"]);
    await expect(bob!.send(chat_id, "late")).rejects.toMatchObject({ code: "ERR_NOT_IN_GROUP" });
  });

  it("go on without a member who leaves", async () => {
    const chat_id = await alice!.createChat(["bob", "carol"], [bob!, carol!]);
    await bob!.mls.leave(chat_id);
    await vi.waitUntil(() => alice!.mls.get(chat_id)!.members.length === 2, { timeout: 45_000 });
    await carol!.send(chat_id, "two of us");
    await alice!.reads(chat_id, "two of us");
  });

  it("are left also if the network fails while the device says so", async () => {
    const chat_id = await alice!.createChat(["bob", "carol"], [bob!, carol!]);
    bob!.fails = (request) =>
      request === `post /chats/${chat_id}/messages` ? "before" : undefined;
    await expect(bob!.mls.leave(chat_id)).rejects.toThrow("the network is down");
    bob!.fails = () => undefined;
    await bob!.restart();
    await vi.waitUntil(() => alice!.mls.get(chat_id)!.members.length === 2, { timeout: 45_000 });
  });

  it("can be created again after the server has rejected the first members", async () => {
    const body = { members: ["bob"], encryption_type: "MLS", suite: 1 };
    const { chat_id } = (await alice!.user.post("/chats", body)).body;
    const options = { suite: 1, add: [bob!.user.id] } as const;
    const setContact = (action: string) =>
      bob!.user.post(`/chats/${passphraseChat}/contact`, { action });
    await setContact("block");
    await expect(alice!.mls.create(chat_id, options)).rejects.toThrow("ERR_NOT_ACCEPTED");
    expect(alice!.mls.get(chat_id)).toBeUndefined();
    await setContact("unblock");
    await alice!.mls.create(chat_id, options);
    await bob!.joins(chat_id);
  });

  it("repeat changes that another commit preceded", async () => {
    const chat_id = await alice!.createChat(["bob"], [bob!]);
    await Promise.all([
      alice!.mls.commit(chat_id, { add: [carol!.user.id] }),
      bob!.mls.commit(chat_id),
      alice!.send(chat_id, "meanwhile"),
      bob!.send(chat_id, "meanwhile too"),
    ]);
    await carol!.joins(chat_id);
    await alice!.reads(chat_id, "meanwhile too");
    await bob!.reads(chat_id, "meanwhile");
    await bob!.send(chat_id, "all");
    await Promise.all([alice!, carol!].map((one) => one.reads(chat_id, "all")));
  });

  it("make changes that are wanted while a commit is being made", async () => {
    const chat_id = await alice!.createChat(["bob", "carol"], [bob!, carol!]);
    await alice!.mls.sync();
    const remove = [carol!.user.id];
    let removal: Promise<void> | undefined;
    alice!.fails = (request) => {
      // A commit requests the device logs before it is made.
      if (request.startsWith("get /users/")) removal ??= alice!.mls.commit(chat_id, { remove });
      return undefined;
    };
    await alice!.mls.commit(chat_id);
    alice!.fails = () => undefined;
    await removal;
    expect(alice!.mls.get(chat_id)!.members).toEqual([alice!.user.id, bob!.user.id]);
  });

  it("store all contents that are being sent when the program ends", async () => {
    const chat_id = await alice!.createChat(["bob"], [bob!]);
    bob!.isOffline = true;
    await bob!.restart();
    const texts = ["one", "two", "three"];
    // None is encrypted before the device has received what the server has. The second one waits for the first.
    for (const text of texts) bob!.send(chat_id, text).catch(() => {});
    await vi.waitUntil(async () => (await bob!.mls.unsent()).length > 0, { timeout: 30_000 });
    bob!.isOffline = false;
    await bob!.restart();
    await alice!.reads(chat_id, ...texts);
  });

  it("encrypt a message again whose epoch is too old for the server", async () => {
    const chat_id = await alice!.createChat(["bob"], [bob!]);
    await bob!.stop();
    for (let count = 0; count < 5; count++) await alice!.mls.commit(chat_id);
    await bob!.start();
    await bob!.send(chat_id, "late");
    await alice!.reads(chat_id, "late");
  });

  it("are left to a device that was removed from the account", async () => {
    const user = await server.login("carol");
    const second = await otherDevice(server, user, carol!, "carol's second");
    const chat_id = await alice!.createChat(["carol"], [carol!]);
    await second.joins(chat_id);
    await carol!.mls.removeDevice(second.mls.device!.id);
    for (const device of [carol!, alice!]) await device.joins(chat_id, 2);
    await alice!.send(chat_id, "not for the lost device");
    await carol!.reads(chat_id, "not for the lost device");
    expect(second.texts(chat_id)).toEqual([]);
    await second.stop();
    // The same program becomes a device again, with a new login, though it ends before it was added.
    const login = await server.login("carol");
    const again = new MlsDevice(server, login, "carol's again", second.mlsStorage);
    const stored = { user_id: login.id, storage: second.mlsStorage, server: mlsServerOf(login) };
    const ended = await MlsChats.open(stored);
    await ended.link();
    await ended.close();
    await again.start(async (mls) => carol!.mls.addDevice(await mls.link()));
    expect(again.mls.chats).toEqual([]);
    // What alice encrypts before that is not for the new device.
    for (const device of [again, alice!]) await device.joins(chat_id, 3);
    await alice!.send(chat_id, "for all again");
    await again.reads(chat_id, "for all again");
    await carol!.reads(chat_id, "for all again");
    await again.restart();
    expect(again.mls.get(chat_id)!.isActive).toBe(true);
    await carol!.mls.removeDevice(again.mls.device!.id);
    await carol!.joins(chat_id, 2);
    await again.stop();
  });

  it("are there again on a device that the recovery key adds", async () => {
    const chat_id = await alice!.createChat(["carol"], [carol!]);
    const lost = carol!.mls.device!.id;
    await carol!.stop();
    const fresh = new MlsDevice(server, await server.login("carol"), "carol's new");
    await fresh.start((mls) => mls.recover(carol!.recoveryKey!, [lost]));
    fresh.recoveryKey = carol!.recoveryKey;
    devices.splice(devices.indexOf(carol!), 1, fresh);
    carol = fresh;
    await fresh.joins(chat_id, 2);
    await alice!.joins(chat_id, 2);
    await alice!.send(chat_id, "welcome back");
    await fresh.reads(chat_id, "welcome back");
    await fresh.send(chat_id, "thanks");
    await alice!.reads(chat_id, "thanks");
  });
});

describe("a device whose server is malicious", () => {
  it("does not write in the chats with a user of whom it is shown two device logs, also after a restart", async () => {
    const chat_id = await alice!.createChat(["bob"], [bob!]);
    await alice!.send(chat_id, "before");
    await bob!.reads(chat_id, "before");
    const user_id = alice!.user.id;
    const other = await Device.begin({ user_id, now: Date.now() / 1000 });
    let isMalicious = true;
    bob!.wrap = (real) => ({
      ...real,
      entries: async (id, after) =>
        isMalicious && id === user_id ? [other.entry] : real.entries(id, after),
    });
    await bob!.restart();
    await bob!.mls.refreshLog(user_id);
    await vi.waitUntil(() => !bob!.mls.get(chat_id)!.isActive, { timeout: 30_000 });
    expect(bob!.events).toContainEqual({ type: "fork", user_id, chat_id: undefined });
    await expect(bob!.send(chat_id, "late")).rejects.toMatchObject({ code: "ERR_NOT_IN_GROUP" });
    isMalicious = false;
    await bob!.restart();
    expect(bob!.mls.get(chat_id)!.isActive).toBe(false);
    // What the devices of the first log wrote stays readable.
    await alice!.send(chat_id, "after");
    await bob!.reads(chat_id, "after");
    expect(bob!.texts(chat_id)).toEqual(["before", "after"]);
    bob!.wrap = (real) => real;
  });

  it("joins again once, not with each message that it cannot read", async () => {
    const chat_id = await alice!.createChat(["carol"], [carol!]);
    await alice!.send(chat_id, "hola");
    await carol!.reads(chat_id, "hola");
    const before = carol!.mls.get(chat_id)!.epoch;
    // The messages that come next seem to be of an epoch that it does not know, also in their MLS header.
    const { encrypted } = carol!.messages.at(-1)!;
    const content = encrypted.content.slice();
    new DataView(content.buffer).setBigUint64(EPOCH_AT, BigInt(before + 5));
    const unknown = { ...encrypted, content, epoch: before + 5 };
    const cipher = carol!.mls.cipher(chat_id);
    for (let seq = 100; seq < 106; seq++) {
      const read = await cipher.decrypt({ ...unknown, seq });
      expect(read).toEqual({ kind: "unreadable", reason: "unknown_epoch" });
      await carol!.mls.sync();
    }
    await alice!.send(chat_id, "still here");
    await carol!.reads(chat_id, "still here");
    expect(carol!.mls.get(chat_id)!.epoch).toBe(before + 1);
  });

  it("joins again after three messages of the current epoch that it cannot read", async () => {
    const chat_id = await alice!.createChat(["carol"], [carol!]);
    await alice!.send(chat_id, "hola");
    await carol!.reads(chat_id, "hola");
    const before = carol!.mls.get(chat_id)!.epoch;
    const writer = alice!.mls.cipher(chat_id);
    const cipher = carol!.mls.cipher(chat_id);
    for (let seq = 100; seq < 103; seq++) {
      const content = { kind: "text", text: "changed on its way" } as const;
      const sent = await writer.encrypt({ chat_id, sender_id: alice!.user.id, content });
      sent.content[sent.content.length - 1]! ^= 1;
      expect(carol!.mls.get(chat_id)!.epoch).toBe(before);
      const read = await cipher.decrypt({ ...sent, seq });
      expect(read).toEqual({ kind: "unreadable", reason: "not_decryptable" });
    }
    await vi.waitUntil(() => carol!.mls.get(chat_id)!.epoch === before + 1, { timeout: 45_000 });
    await alice!.send(chat_id, "still here");
    await carol!.reads(chat_id, "still here");
  });
});

it("a commit of another device costs a device no request", async () => {
  const chat_id = await alice!.createChat(["carol"], [carol!]);
  await alice!.send(chat_id, "hola");
  await carol!.reads(chat_id, "hola");
  await carol!.mls.sync();
  const requests: string[] = [];
  carol!.fails = (request) => void requests.push(request);
  await alice!.mls.commit(chat_id);
  await alice!.send(chat_id, "again");
  await carol!.reads(chat_id, "again");
  expect(requests).toEqual([]);
  carol!.fails = () => undefined;
});
