import { describe, expect, it, vi } from "vitest";
import { memoryMlsStorage as memoryStorage } from "../../src/client/mls/index.js";
import { Device, makeEntry, readLog } from "../../src/mls/index.js";
import { chatOf, TestDevice, TestMlsServer } from "./mls-test-server.js";

const [ALICE, BOB, CAROL, CHAT] = [7, 9, 11, 42];
const now = () => Date.now() / 1000;

/** A server that shows some users another log of bob, when it is told to. */
class ForkingServer extends TestMlsServer {
  other: Uint8Array[] = [];
  readonly forked = new Set<number>();

  override of(user_id: number) {
    return super.of(user_id, (real) => ({
      chats: async () => [...this.chats.keys()],
      entries: async (id, after) =>
        id === BOB && this.forked.has(user_id) ? this.other : real.entries(id, after),
    }));
  }
}

/** Opens a chat of alice and bob, of whom the server can then show alice another log. */
async function opened() {
  const server = new ForkingServer();
  const storage = memoryStorage();
  const alice = await TestDevice.begin(server, ALICE, undefined, storage);
  const bob = await TestDevice.begin(server, BOB);
  await chatOf(CHAT, [alice, bob]);
  const other = await Device.begin({ user_id: BOB, now: now() });
  const log = readLog([other.entry], { user_id: BOB });
  const { device: signer } = other;
  const removal = await makeEntry(log, { op: "remove", signer, device: signer.id, now: now() });
  server.other = [other.entry, removal];
  return { server, storage, alice, bob };
}

const isFork = { code: "ERR_DEVICE_LOG_FORK" };

describe("a device log that the server replaces", () => {
  it("stops the chats with its user until the user of this device decides, also after a restart", async () => {
    const { server, storage, alice, bob } = await opened();
    await alice.mls.setVerified(BOB);
    server.forked.add(ALICE);
    await expect(alice.mls.log(BOB)).rejects.toMatchObject(isFork);
    expect(alice.events).toContainEqual({ type: "fork", user_id: BOB, chat_id: undefined });
    expect(alice.mls.disputed).toEqual([BOB]);
    await expect(alice.send(CHAT, "hola")).rejects.toMatchObject({ code: "ERR_NOT_IN_GROUP" });
    server.forked.clear();
    await alice.mls.close();
    const again = await TestDevice.open(server, ALICE, undefined, storage);
    await again.mls.sync();
    await again.receive(CHAT);
    await expect(again.send(CHAT, "hola")).rejects.toMatchObject({ code: "ERR_NOT_IN_GROUP" });
    await expect(again.mls.setVerified(BOB)).rejects.toMatchObject({ code: "ERR_VALIDATION" });
    await bob.send(CHAT, "still read");
    expect((await again.receive(CHAT)).at(-1)).toMatchObject({ kind: "content" });
    await (await again.mls.review(BOB)).accept();
    expect(again.mls.disputed).toEqual([]);
    expect(again.mls.isVerified(BOB)).toBe(false);
    expect(again.events).toContainEqual({ type: "accepted", user_id: BOB });
    await again.send(CHAT, "it goes on");
    expect((await bob.receive(CHAT)).at(-1)).toMatchObject({ kind: "content" });
  });

  it("is the log that was shown when it is accepted", async () => {
    const { server, alice } = await opened();
    server.forked.add(ALICE);
    await alice.mls.log(BOB).catch(() => {});
    const review = await alice.mls.review(BOB);
    expect(review.log.seq).toBe(2);
    const another = await Device.begin({ user_id: BOB, now: now() });
    server.other = [another.entry];
    await review.accept();
    expect(alice.mls.devicesOf(BOB)).toEqual([]);
    await expect(alice.mls.log(BOB)).rejects.toMatchObject(isFork);
    expect(alice.mls.disputed).toEqual([BOB]);
  });

  it("lets no chat go on whose last commit names the replaced one, until its user is removed and added again", async () => {
    const { server, alice } = await opened();
    server.forked.add(ALICE);
    await alice.mls.log(BOB).catch(() => {});
    await (await alice.mls.review(BOB)).accept();
    expect(alice.mls.get(CHAT)!.isActive).toBe(false);
    await expect(alice.send(CHAT, "hola")).rejects.toMatchObject({ code: "ERR_NOT_IN_GROUP" });
    await expect(alice.mls.commit(CHAT)).rejects.toMatchObject({ code: "ERR_NOT_IN_GROUP" });
    await alice.mls.commit(CHAT, { remove: [BOB] });
    expect(alice.mls.get(CHAT)).toMatchObject({ isActive: true, members: [ALICE] });
    server.logs.set(BOB, server.other);
    await alice.mls.commit(CHAT, { add: [BOB] });
    expect(alice.mls.get(CHAT)).toMatchObject({ isActive: true, members: [ALICE, BOB] });
  });

  it("lets its user be removed before a decision, and not be added", async () => {
    const { server, alice } = await opened();
    server.forked.add(ALICE);
    await alice.mls.log(BOB).catch(() => {});
    await alice.mls.commit(CHAT, { remove: [BOB] });
    await alice.send(CHAT, "to myself");
    await expect(alice.mls.commit(CHAT, { add: [BOB] })).rejects.toMatchObject(isFork);
    const creating = alice.mls.create(CHAT + 1, { suite: 1, add: [BOB] });
    await expect(creating).rejects.toMatchObject(isFork);
  });

  it("is joined again after a commit that named it", async () => {
    const server = new ForkingServer();
    const alice = await TestDevice.begin(server, ALICE);
    const bob = await TestDevice.begin(server, BOB);
    const carol = await TestDevice.begin(server, CAROL);
    // Alice has another log of bob than carol, who adds him.
    const other = await Device.begin({ user_id: BOB, now: now() });
    server.other = [other.entry];
    server.forked.add(ALICE);
    await alice.mls.log(BOB);
    await chatOf(CHAT, [carol, alice]);
    await carol.mls.commit(CHAT, { add: [BOB] });
    expect((await alice.receive(CHAT)).at(-1)).toMatchObject({ kind: "fork", user_id: BOB });
    expect(alice.mls.get(CHAT)!.isActive).toBe(false);
    server.forked.clear();
    await (await alice.mls.review(BOB)).accept();
    await vi.waitUntil(() => alice.mls.get(CHAT)!.isActive);
    expect(alice.mls.get(CHAT)!.members).toEqual([ALICE, BOB, CAROL]);
    await bob.mls.sync();
    await bob.receive(CHAT);
    await alice.send(CHAT, "hola");
    expect((await bob.receive(CHAT)).at(-1)).toMatchObject({ kind: "content" });
  });

  it("cannot be accepted of the own user", async () => {
    const { alice } = await opened();
    await expect(alice.mls.review(ALICE)).rejects.toMatchObject({ code: "ERR_VALIDATION" });
  });
});
