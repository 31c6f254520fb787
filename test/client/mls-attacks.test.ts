import { describe, expect, it, vi } from "vitest";
import { memoryMlsStorage as memoryStorage } from "../../src/client/mls/index.js";
import { Device } from "../../src/mls/index.js";
import { chatOf, RejectionError, showing, TestDevice, TestMlsServer } from "./mls-test-server.js";

const [ALICE, BOB, MALLORY, CHAT] = [7, 9, 11, 42];

describe("a device", () => {
  it("encrypts nothing to a device that it knows to be removed", async () => {
    const server = new TestMlsServer();
    const alice = await TestDevice.begin(server, ALICE);
    const bob = await TestDevice.begin(server, BOB);
    const lost = await TestDevice.open(server, BOB);
    await bob.mls.addDevice(await lost.mls.link());
    await lost.mls.sync();
    await chatOf(CHAT, [alice, bob]);
    await lost.mls.sync();
    await lost.receive(CHAT);
    expect(alice.mls.get(CHAT)!.roster).toHaveLength(3);
    alice.fails.commit = new Error("the network is down");
    await bob.mls.removeDevice(lost.mls.device!.id);
    await alice.mls.refreshLog(BOB);
    const sent = alice.send(CHAT, "not for the lost device");
    const isSent = await Promise.race([sent, new Promise((end) => setTimeout(end, 300))]);
    expect(isSent).toBeUndefined();
    alice.fails.commit = undefined;
    await sent;
    expect(alice.mls.get(CHAT)!.roster).toHaveLength(2);
    const read = await lost.receive(CHAT);
    expect(read.map(({ kind }) => kind)).not.toContain("content");
  });

  it("does not take a group of others for the one that it creates", async () => {
    const server = new TestMlsServer();
    const alice = await TestDevice.begin(server, ALICE);
    await TestDevice.begin(server, BOB);
    const mallory = await TestDevice.begin(server, MALLORY);
    // Mallory, whom the server helps, invites alice to a group with the id of the chat that she has just created.
    await mallory.mls.create(CHAT, { suite: 1, add: [ALICE, BOB] });
    await alice.mls.sync();
    const creating = alice.mls.create(CHAT, { suite: 1, add: [BOB] });
    await expect(creating).rejects.toMatchObject({ code: "ERR_NOT_IN_GROUP" });
  });

  it("creates one group by two calls", async () => {
    const server = new TestMlsServer();
    const alice = await TestDevice.begin(server, ALICE);
    await TestDevice.begin(server, BOB);
    const options = { suite: 1, add: [BOB] } as const;
    await Promise.all([alice.mls.create(CHAT, options), alice.mls.create(CHAT, options)]);
    expect(alice.mls.get(CHAT)).toMatchObject({ epoch: 1, members: [ALICE, BOB] });
    expect((await alice.receive(CHAT)).map(({ kind }) => kind)).toEqual(["roster"]);
    expect(server.chats.get(CHAT)!.messages).toHaveLength(1);
  });

  it("ends a message to a chat whose creation the server rejects", async () => {
    const server = new TestMlsServer();
    let reject = (_: unknown) => {};
    const commit = () =>
      new Promise<void>((_, fail) => {
        reject = fail;
      });
    const alice = await TestDevice.begin(server, ALICE, () => ({ commit }));
    await TestDevice.begin(server, BOB);
    const creating = alice.mls.create(CHAT, { suite: 1, add: [BOB] });
    creating.catch(() => {});
    await vi.waitUntil(() => alice.mls.get(CHAT) !== undefined);
    const content = { kind: "text", text: "hola" } as const;
    const cipher = alice.mls.cipher(CHAT);
    reject(new RejectionError(403, "ERR_NOT_ACCEPTED"));
    const sent = cipher.encrypt({ chat_id: CHAT, sender_id: ALICE, content });
    await expect(creating).rejects.toMatchObject({ code: "ERR_NOT_ACCEPTED" });
    await sent.catch(() => {});
    const late = cipher.encrypt({ chat_id: CHAT, sender_id: ALICE, content });
    await expect(late).rejects.toMatchObject({ code: "ERR_NOT_IN_GROUP" });
  });

  it("creates no group where another device of the user has created one", async () => {
    const server = new TestMlsServer();
    const alice = await TestDevice.begin(server, ALICE);
    await TestDevice.begin(server, BOB);
    alice.fails.commit = new RejectionError(409, "ERR_EPOCH_CONFLICT");
    const creating = alice.mls.create(CHAT, { suite: 1, add: [BOB] });
    await expect(creating).rejects.toMatchObject({ code: "ERR_EPOCH_CONFLICT" });
    expect(alice.mls.get(CHAT)).toBeUndefined();
  });
});

describe("a fork", () => {
  it("is reported if an invitation names another log than the device knows", async () => {
    const server = new TestMlsServer();
    const other = await Device.begin({ user_id: BOB, now: Date.now() / 1000 });
    const alice = await TestDevice.begin(server, ALICE, showing(BOB, other.entry));
    await alice.mls.log(BOB);
    await TestDevice.begin(server, BOB);
    const mallory = await TestDevice.begin(server, MALLORY);
    await mallory.mls.create(CHAT, { suite: 1, add: [ALICE, BOB] });
    await alice.mls.sync();
    expect(alice.events).toContainEqual({ type: "fork", user_id: BOB, chat_id: CHAT });
    expect(alice.mls.get(CHAT)).toBeUndefined();
  });

  it("that a member makes up stops no other chat", async () => {
    const server = new TestMlsServer();
    const [alice, bob] = [
      await TestDevice.begin(server, ALICE),
      await TestDevice.begin(server, BOB),
    ];
    await chatOf(CHAT, [alice, bob]);
    const other = await Device.begin({ user_id: BOB, now: Date.now() / 1000 });
    // Mallory's own server shows her another log of bob.
    const mallory = await TestDevice.begin(server, MALLORY, showing(BOB, other.entry));
    await chatOf(CHAT + 1, [mallory, alice]);
    await mallory.mls.commit(CHAT + 1, { add: [BOB] }).catch(() => {});
    await alice.receive(CHAT + 1);
    expect(alice.events).toContainEqual({ type: "fork", user_id: BOB, chat_id: CHAT + 1 });
    expect(alice.mls.get(CHAT + 1)!.isActive).toBe(false);
    expect(alice.mls.get(CHAT)!.isActive).toBe(true);
  });
});

describe("changes of members", () => {
  it("go on after one that the server rejects for its user", async () => {
    const server = new TestMlsServer();
    const alice = await TestDevice.begin(server, ALICE, (real) => ({
      entries: async (id, after) => {
        if (id === 404) throw new RejectionError(404, "ERR_USER_NOT_FOUND");
        return real.entries(id, after);
      },
    }));
    const bob = await TestDevice.begin(server, BOB);
    await chatOf(CHAT, [alice, bob]);
    const adding = alice.mls.commit(CHAT, { add: [404] });
    await expect(adding).rejects.toMatchObject({ code: "ERR_USER_NOT_FOUND" });
    await expect(alice.mls.commit(CHAT, { add: [1.5] })).rejects.toMatchObject({
      code: "ERR_VALIDATION",
    });
    await alice.mls.commit(CHAT);
    expect(alice.mls.get(CHAT)!.epoch).toBe(2);
  });

  it("are not lost by a rejoin", async () => {
    const server = new TestMlsServer();
    const alice = await TestDevice.begin(server, ALICE, () => ({
      chats: async () => [CHAT],
    }));
    const [bob, mallory] = [
      await TestDevice.begin(server, BOB),
      await TestDevice.begin(server, MALLORY),
    ];
    await chatOf(CHAT, [alice, bob, mallory]);
    alice.fails.commit = new Error("the network is down");
    const removing = alice.mls.commit(CHAT, { remove: [MALLORY] });
    await expect(removing).rejects.toThrow("the network is down");
    alice.fails.commit = undefined;
    // The server says that the device lost a commit.
    const sent = await bob.send(CHAT, "hola");
    const content = sent.content.slice();
    new DataView(content.buffer).setBigUint64(29, 9n);
    await alice.mls.cipher(CHAT).decrypt({ ...sent, content, epoch: 9, seq: 100 });
    await alice.mls.sync();
    expect(alice.mls.get(CHAT)!.epoch).toBeGreaterThan(1);
    await alice.receive(CHAT);
    await vi.waitUntil(() => alice.mls.get(CHAT)!.members.length === 2, { timeout: 3000 });
  });

  it("are reported as rejected to each call that wanted them", async () => {
    const server = new TestMlsServer();
    const alice = await TestDevice.begin(server, ALICE);
    const [bob, mallory] = [
      await TestDevice.begin(server, BOB),
      await TestDevice.begin(server, MALLORY),
    ];
    await chatOf(CHAT, [alice, bob, mallory]);
    alice.fails.commit = new RejectionError(403, "ERR_FORBIDDEN");
    const ends = await Promise.allSettled([
      alice.mls.commit(CHAT, { remove: [MALLORY] }),
      alice.mls.commit(CHAT, { remove: [BOB] }),
    ]);
    expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  it("fail in a chat that is stopped meanwhile, and are not sent", async () => {
    const server = new TestMlsServer();
    let isDown = false;
    let sent = 0;
    const other = await Device.begin({ user_id: BOB, now: Date.now() / 1000 });
    let isFork = false;
    const alice = await TestDevice.begin(server, ALICE, (real) => ({
      commit: async (request) => {
        sent += 1;
        if (isDown) throw new Error("the network is down");
        await real.commit(request);
      },
      entries: async (id, after) =>
        isFork && id === BOB ? [other.entry] : real.entries(id, after),
    }));
    const bob = await TestDevice.begin(server, BOB);
    await chatOf(CHAT, [alice, bob]);
    isDown = true;
    await expect(alice.mls.commit(CHAT)).rejects.toThrow("the network is down");
    isDown = false;
    isFork = true;
    sent = 0;
    await alice.mls.log(BOB).catch(() => {});
    await vi.waitUntil(() => !alice.mls.get(CHAT)!.isActive);
    await alice.mls.sync();
    expect(sent).toBe(0);
    await expect(alice.mls.commit(CHAT)).rejects.toMatchObject({ code: "ERR_NOT_IN_GROUP" });
  });

  it("wait until the device has received what the server has", async () => {
    const server = new TestMlsServer();
    const alice = await TestDevice.begin(server, ALICE);
    const storage = memoryStorage();
    const bob = await TestDevice.begin(server, BOB, undefined, storage);
    await chatOf(CHAT, [alice, bob]);
    await bob.mls.close();
    const again = await TestDevice.open(server, BOB, undefined, storage);
    await again.mls.sync();
    const leaving = again.mls.leave(CHAT);
    await again.receive(CHAT);
    await leaving;
    await alice.receive(CHAT);
    expect(server.chats.get(CHAT)!.messages.at(-1)!.content_type).toBe("proposal");
  });
});
