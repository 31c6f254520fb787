import { describe, expect, it } from "vitest";
import { memoryMlsStorage as memoryStorage } from "../../src/client/mls/index.js";
import { Device, type RecoveryKey, readLog } from "../../src/mls/index.js";
import { chatOf, TestDevice, TestMlsServer } from "./mls-test-server.js";

const [ALICE, BOB, CAROL, CHAT] = [7, 9, 11, 42];

const listing = () => ({ chats: async () => [CHAT] });

/** Opens a chat of alice, bob and carol. Bob then loses his device, and resets his account with a new one. */
async function reset() {
  const server = new TestMlsServer();
  const [alice, old, carol] = [
    await TestDevice.begin(server, ALICE, listing),
    await TestDevice.begin(server, BOB),
    await TestDevice.begin(server, CAROL, listing),
  ];
  await chatOf(CHAT, [alice, old, carol]);
  await alice.mls.setVerified(BOB);
  const bob = await TestDevice.open(server, BOB, listing);
  await bob.mls.reset("right", () => {});
  await bob.mls.sync();
  await bob.receive(CHAT);
  return { server, alice, old, bob, carol };
}

const stopped = { code: "ERR_NOT_IN_GROUP" };
const content = { kind: "content" };

describe("a reset", () => {
  it("stops the chats of the others until each of them has accepted it", async () => {
    const { alice, bob, carol } = await reset();
    for (const other of [alice, carol]) {
      await other.receive(CHAT);
      expect(other.mls.disputed).toEqual([BOB]);
      await expect(other.send(CHAT, "hola")).rejects.toMatchObject(stopped);
    }
    expect(alice.mls.isVerified(BOB)).toBe(false);
    const review = await alice.mls.review(BOB);
    expect(review.safetyNumber).toBe(await bob.mls.safetyNumber(ALICE));
    await review.accept();
    await alice.send(CHAT, "you are back");
    expect((await bob.receive(CHAT)).at(-1)).toMatchObject(content);
    expect((await carol.receive(CHAT)).at(-1)).toMatchObject(content);
    await expect(carol.send(CHAT, "hola")).rejects.toMatchObject(stopped);
    await bob.send(CHAT, "I am");
    expect((await alice.receive(CHAT)).at(-1)).toMatchObject(content);
  });

  it("leaves no device from before it in the chats", async () => {
    const { alice, old, bob } = await reset();
    await alice.receive(CHAT);
    await (await alice.mls.review(BOB)).accept();
    await alice.send(CHAT, "not for the lost device");
    expect(alice.mls.get(CHAT)!.roster.map(({ device }) => device)).toContain(bob.mls.device!.id);
    expect(alice.mls.get(CHAT)!.roster).toHaveLength(3);
    expect((await old.receive(CHAT)).map(({ kind }) => kind)).not.toContain("content");
    await old.mls.sync();
    expect(old.mls.isLinked).toBe(false);
    expect((await alice.mls.log(BOB))!.devices).toHaveLength(1);
  });

  it("lets commits from before it be read after it", async () => {
    const server = new TestMlsServer();
    const storage = memoryStorage();
    const alice = await TestDevice.begin(server, ALICE, undefined, storage);
    const old = await TestDevice.begin(server, BOB);
    await chatOf(CHAT, [alice, old]);
    await old.mls.commit(CHAT);
    await old.mls.commit(CHAT);
    const bob = await TestDevice.open(server, BOB, listing);
    await bob.mls.reset("right", () => {});
    await alice.mls.log(BOB);
    const read = await alice.receive(CHAT);
    expect(read.map(({ kind }) => kind)).toEqual(["roster", "roster"]);
    await bob.mls.sync();
    expect((await alice.receive(CHAT)).at(-1)).toMatchObject({
      kind: "roster",
      added: [{ user_id: BOB }],
    });
  });

  it("needs the password, and changes no log without it", async () => {
    const server = new TestMlsServer();
    await TestDevice.begin(server, BOB);
    const bob = await TestDevice.open(server, BOB);
    await expect(bob.mls.reset("wrong", () => {})).rejects.toMatchObject({ status: 403 });
    expect(server.logs.get(BOB)).toHaveLength(1);
    expect(bob.mls.isLinked).toBe(false);
    await bob.mls.reset("right", () => {});
    expect(bob.mls.isLinked).toBe(true);
  });

  it("is made once if its answer was lost", async () => {
    const server = new TestMlsServer();
    await TestDevice.begin(server, BOB);
    const bob = await TestDevice.open(server, BOB, (real) => ({
      addEntry: async (...given) => {
        await real.addEntry(...given);
        throw new Error("the answer was lost");
      },
    }));
    const shown: RecoveryKey[] = [];
    await bob.mls.reset("right", (key) => shown.push(key)).catch(() => {});
    await bob.mls.reset("right", (key) => shown.push(key));
    expect(server.logs.get(BOB)).toHaveLength(2);
    expect(shown[0]!.publicKey).toEqual((await bob.mls.log(BOB))!.recoveryPublicKey);
  });

  it("of a second time is not accepted with the first", async () => {
    const { server, alice } = await reset();
    await alice.receive(CHAT);
    const review = await alice.mls.review(BOB);
    const again = await TestDevice.open(server, BOB, listing);
    await again.mls.reset("right", () => {});
    await review.accept();
    await alice.mls.log(BOB);
    expect(alice.mls.disputed).toEqual([BOB]);
    await expect(alice.send(CHAT, "hola")).rejects.toMatchObject(stopped);
  });

  it("that the server takes back is a fork", async () => {
    const server = new TestMlsServer();
    let shown: Uint8Array[] = [];
    const alice = await TestDevice.begin(server, ALICE, (real) => ({
      entries: async (id, after) => (shown.length > 0 ? shown : real.entries(id, after)),
    }));
    const old = await TestDevice.begin(server, BOB);
    const [first] = server.logs.get(BOB)!;
    const bob = await TestDevice.open(server, BOB);
    await bob.mls.reset("right", () => {});
    await alice.mls.log(BOB);
    // A device from before the reset adds another one, as if there were none.
    server.logs.set(BOB, [first!]);
    const stolen = await TestDevice.open(server, BOB);
    await old.mls.addDevice(await stolen.mls.link());
    shown = server.logs.get(BOB)!;
    await expect(alice.mls.log(BOB)).rejects.toMatchObject({ code: "ERR_DEVICE_LOG_FORK" });
  });

  it("does not let the user be added to chats before it is accepted", async () => {
    const { alice } = await reset();
    await alice.receive(CHAT);
    const creating = alice.mls.create(CHAT + 1, { suite: 1, add: [BOB] });
    await expect(creating).rejects.toMatchObject({ code: "ERR_DEVICE_LOG_FORK" });
  });

  it("is not disputed for a user who has not seen the log before", async () => {
    const { server } = await reset();
    const dora = await TestDevice.begin(server, 13);
    await dora.mls.log(BOB);
    expect(dora.mls.disputed).toEqual([]);
  });

  it("replaces a device that the account had, and its chats", async () => {
    const { server, old, bob } = await reset();
    await old.mls.sync();
    const lost = old.mls.device!.id;
    await bob.mls.addDevice(await old.mls.link());
    await old.mls.sync();
    expect(old.mls.device!.id).not.toBe(lost);
    expect(old.mls.isLinked).toBe(true);
    expect(readLog(server.logs.get(BOB)!, { user_id: BOB }).devices).toHaveLength(2);
  });

  it("is made of a log with the key of no device before", async () => {
    const { server, old } = await reset();
    const log = readLog(server.logs.get(BOB)!, { user_id: BOB });
    const { device, entry, recoveryKey } = await Device.begin({ user_id: BOB, now: 1, reset: log });
    const next = readLog([...server.logs.get(BOB)!, entry], { user_id: BOB });
    expect(next.devices.map(({ id }) => id)).toEqual([device.id]);
    expect(next.recoveryPublicKey).toEqual(recoveryKey.publicKey);
    expect(next.base).toEqual(next.head);
    expect(next.entries.at(-1)).toMatchObject({
      op: "reset",
      subject: device.id,
      signer: device.id,
    });
    const ofAnother = Device.begin({ user_id: ALICE, now: 1, reset: log });
    await expect(ofAnother).rejects.toMatchObject({ code: "ERR_DEVICE_LOG_INVALID" });
    expect(old.mls.device!.id).not.toBe(device.id);
  });
});
