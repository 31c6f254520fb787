import { describe, expect, it, vi } from "vitest";
import { memoryMlsStorage } from "../../src/client/mls/index.js";
import { Device, type RecoveryKey } from "../../src/mls/index.js";
import { chatOf, RejectionError, TestDevice, TestMlsServer } from "./mls-test-server.js";

const [ALICE, BOB, CHAT, OTHER_CHAT] = [7, 9, 42, 43];

describe("close", () => {
  it("writes nothing after it, also of changes that were waiting for the server", async () => {
    const server = new TestMlsServer();
    const storage = memoryMlsStorage();
    let isWaiting = false;
    let answer = () => {};
    const alice = await TestDevice.begin(
      server,
      ALICE,
      (real) => ({
        entries: async (id, after) => {
          if (isWaiting)
            await new Promise<void>((resolve) => {
              answer = resolve;
            });
          return real.entries(id, after);
        },
      }),
      storage,
    );
    await chatOf(CHAT, [alice, await TestDevice.begin(server, BOB)]);
    isWaiting = true;
    const changing = alice.mls.commit(CHAT);
    changing.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    await alice.mls.close();
    const stored = await storage.get(`state/${CHAT}`);
    isWaiting = false;
    answer();
    await expect(changing).rejects.toThrow("closed");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await storage.get(`state/${CHAT}`)).toEqual(stored);
    expect(await alice.mls.unsent()).toEqual([]);
  });

  it("does not wait for a server that does not answer, and releases the storage once", async () => {
    const server = new TestMlsServer();
    const storage = memoryMlsStorage();
    let isWaiting = false;
    const alice = await TestDevice.begin(
      server,
      ALICE,
      (real) => ({
        chats: () => (isWaiting ? new Promise<number[]>(() => {}) : real.chats()),
      }),
      storage,
    );
    isWaiting = true;
    void alice.mls.sync();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await alice.mls.close();
    await TestDevice.open(server, ALICE, undefined, storage);
    await alice.mls.close();
    const waiting = vi.fn();
    const third = storage.lock({
      ...{ signal: AbortSignal.timeout(50), steal: false },
      ...{ onWait: waiting, onLost: () => {} },
    });
    await third.catch(() => {});
    expect(waiting).toHaveBeenCalled();
  });
});

describe("a storage that makes changes and then fails", () => {
  it("takes the chat back to no earlier state", async () => {
    const server = new TestMlsServer();
    const storage = memoryMlsStorage();
    let fails = 0;
    const { write } = storage;
    storage.write = async (changes) => {
      await write(changes);
      if (fails-- > 0) throw new Error("the disk is full");
    };
    const alice = await TestDevice.begin(server, ALICE, undefined, storage);
    const bob = await TestDevice.begin(server, BOB);
    await chatOf(CHAT, [alice, bob]);
    const sent = await bob.send(CHAT, "once");
    fails = 1;
    await alice.receive(CHAT);
    const again = { ...sent, seq: 100 };
    expect(await alice.mls.cipher(CHAT).decrypt(again)).toEqual({
      kind: "unreadable",
      reason: "repeated",
    });
    await bob.mls.commit(CHAT);
    await bob.send(CHAT, "after the commit");
    fails = 1;
    const read = await alice.receive(CHAT);
    expect(read.map(({ kind }) => kind)).toEqual(["roster", "content"]);
  });
});

describe("a message that was read", () => {
  it("stays in the storage if the server puts another one in its place", async () => {
    const server = new TestMlsServer();
    const alice = await TestDevice.begin(server, ALICE);
    const bob = await TestDevice.begin(server, BOB);
    await chatOf(CHAT, [alice, bob]);
    const sent = await alice.send(CHAT, "hola");
    const later = await alice.send(CHAT, "later");
    await bob.receive(CHAT);
    const cipher = bob.mls.cipher(CHAT);
    const replaced = await cipher.decrypt({ ...later, seq: sent.seq! });
    expect(replaced).toEqual({ kind: "unreadable", reason: "wrong_header" });
    expect(await cipher.decrypt(sent)).toMatchObject({ content: { text: "hola" } });
  });
});

describe("a message of this device", () => {
  it("is not taken for one of another chat or of another user", async () => {
    const server = new TestMlsServer();
    const alice = await TestDevice.begin(server, ALICE);
    const bob = await TestDevice.begin(server, BOB);
    await chatOf(CHAT, [alice, bob]);
    await alice.mls.create(OTHER_CHAT, { suite: 1, add: [BOB] });
    const sent = await alice.send(CHAT, "for the first chat");
    const moved = { ...sent, chat_id: OTHER_CHAT, seq: 100 };
    expect(await alice.mls.cipher(OTHER_CHAT).decrypt(moved)).toMatchObject({ kind: "unreadable" });
    for (const changes of [{ sender_id: BOB }, { timestamp: sent.timestamp - 60 }]) {
      const changed = { ...sent, ...changes, seq: 101 };
      expect(await alice.mls.cipher(CHAT).decrypt(changed)).toMatchObject({ kind: "unreadable" });
    }
    expect(await alice.mls.cipher(CHAT).decrypt(sent)).toMatchObject({ kind: "content" });
  });

  it("is read if the chat stores it at the same time", async () => {
    const server = new TestMlsServer();
    const storage = memoryMlsStorage();
    const { get } = storage;
    let isSlow = false;
    const alice = await TestDevice.begin(server, ALICE, undefined, storage);
    const bob = await TestDevice.begin(server, BOB);
    await chatOf(CHAT, [alice, bob]);
    // The message comes while the acknowledged commit is being stored.
    let reading: Promise<unknown> | undefined;
    const { write } = storage;
    storage.get = async (key) => {
      const value = await get(key);
      if (isSlow && key.startsWith("own/")) await new Promise((end) => setTimeout(end, 10));
      return value;
    };
    storage.write = async (changes) => {
      const list = [...changes];
      if (list.some(([key]) => key.startsWith("own/")) && reading === undefined) {
        isSlow = true;
        const message = server.chats.get(CHAT)!.messages.at(-1)!;
        reading = alice.mls.cipher(CHAT).decrypt(message);
        await new Promise((end) => setTimeout(end, 5));
      }
      await write(list);
    };
    await alice.mls.commit(CHAT);
    expect(await reading).toMatchObject({ kind: "roster", epoch: 2n });
    expect(await storage.keys("own/")).toEqual([]);
  });
});

describe("a device log", () => {
  it("of which a device was removed is no longer verified", async () => {
    const server = new TestMlsServer();
    const alice = await TestDevice.begin(server, ALICE);
    const bob = await TestDevice.begin(server, BOB);
    const second = await TestDevice.open(server, BOB);
    await alice.mls.safetyNumber(BOB);
    await alice.mls.setVerified(BOB);
    await bob.mls.addDevice(await second.mls.link());
    await alice.mls.log(BOB);
    expect(alice.mls.isVerified(BOB)).toBe(true);
    await bob.mls.removeDevice(second.mls.device!.id);
    await alice.mls.log(BOB);
    expect(alice.mls.isVerified(BOB)).toBe(false);
  });

  it("is not verified if the safety number is another one than the user compared", async () => {
    const server = new TestMlsServer();
    const alice = await TestDevice.begin(server, ALICE);
    const bob = await TestDevice.begin(server, BOB);
    const second = await TestDevice.open(server, BOB);
    await bob.mls.addDevice(await second.mls.link());
    await alice.mls.safetyNumber(BOB);
    await bob.mls.removeDevice(second.mls.device!.id);
    await alice.mls.log(BOB);
    await expect(alice.mls.setVerified(BOB)).rejects.toMatchObject({ code: "ERR_VALIDATION" });
    await alice.mls.safetyNumber(BOB);
    await alice.mls.setVerified(BOB);
    expect(alice.mls.isVerified(BOB)).toBe(true);
  });

  it("keeps both an entry and a verification that come at the same time", async () => {
    const server = new TestMlsServer();
    const storage = memoryMlsStorage();
    const alice = await TestDevice.begin(server, ALICE, undefined, storage);
    const bob = await TestDevice.begin(server, BOB);
    const second = await TestDevice.open(server, BOB);
    await alice.mls.log(BOB);
    await bob.mls.addDevice(await second.mls.link());
    const { write } = storage;
    storage.write = async (changes) => {
      await new Promise((end) => setTimeout(end, 5));
      await write(changes);
    };
    await Promise.all([alice.mls.log(BOB), alice.mls.setVerified(BOB)]);
    expect(alice.mls.isVerified(BOB)).toBe(true);
    expect(alice.mls.devicesOf(BOB)).toHaveLength(2);
  });

  it("of an unknown user is not fetched because the server says that it has grown", async () => {
    const server = new TestMlsServer();
    const storage = memoryMlsStorage();
    const alice = await TestDevice.begin(server, ALICE, undefined, storage);
    await TestDevice.begin(server, BOB);
    await alice.mls.refreshLog(BOB);
    expect(await storage.keys("log/")).toEqual([`log/${ALICE}`]);
  });
});

describe("the device", () => {
  it("keeps few key packages of last resort, however often the server requests one", async () => {
    const server = new TestMlsServer();
    const storage = memoryMlsStorage();
    const counts = [1, 0xf00d].map((suite) => ({ suite, count: 40, has_last_resort: false }));
    const alice = await TestDevice.begin(
      server,
      ALICE,
      () => ({ publish: async () => counts, countKeyPackages: async () => counts }),
      storage,
    );
    for (let times = 0; times < 12; times++) await alice.mls.sync();
    expect((await storage.keys("key-package/")).length).toBeLessThanOrEqual(10);
  });

  it("is one if the account is begun twice at the same time", async () => {
    const server = new TestMlsServer();
    const storage = memoryMlsStorage();
    const alice = await TestDevice.open(server, ALICE, undefined, storage);
    await Promise.all([alice.mls.begin(() => {}), alice.mls.begin(() => {})]);
    expect(alice.mls.isLinked).toBe(true);
    expect(server.logs.get(ALICE)).toHaveLength(1);
  });

  it("that replaces a removed one does not find the chats of that one after a restart", async () => {
    const server = new TestMlsServer();
    const storage = memoryMlsStorage();
    let key: RecoveryKey | undefined;
    const alice = await TestDevice.open(server, ALICE, undefined, storage);
    await alice.mls.begin((shown) => {
      key = shown;
    });
    await alice.mls.sync();
    const bob = await TestDevice.begin(server, BOB);
    await chatOf(CHAT, [alice, bob]);
    const second = await TestDevice.open(server, ALICE);
    await second.mls.recover(key!, [alice.mls.device!.id]);
    await bob.send(CHAT, "while the device is replaced");
    const { saveDevice } = storage;
    storage.saveDevice = async (device) => {
      await alice.receive(CHAT);
      await saveDevice(device);
    };
    await alice.mls.link();
    expect(await storage.keys("state/")).toEqual([]);
    await alice.mls.close();
    await TestDevice.open(server, ALICE, undefined, storage);
  });

  it("goes on after a listener has thrown", async () => {
    const server = new TestMlsServer();
    const errors: unknown[] = [];
    const queue = vi.spyOn(globalThis, "queueMicrotask").mockImplementation((work) => {
      try {
        work();
      } catch (error) {
        errors.push(error);
      }
    });
    const alice = await TestDevice.begin(server, ALICE);
    alice.mls.on(() => {
      throw new Error("of the application");
    });
    await TestDevice.begin(server, BOB);
    await alice.mls.create(CHAT, { suite: 1, add: [BOB] });
    queue.mockRestore();
    expect(alice.mls.get(CHAT)!.epoch).toBe(1);
    expect(errors).toContainEqual(new Error("of the application"));
  });
});

describe("a commit", () => {
  it("replaces the keys of the device also if another commit came first", async () => {
    const server = new TestMlsServer();
    const alice = await TestDevice.begin(server, ALICE);
    let isSlow = false;
    const bob = await TestDevice.begin(server, BOB, (real) => ({
      commit: async (request) => {
        if (isSlow) await alice.mls.commit(CHAT);
        isSlow = false;
        await real.commit(request);
      },
    }));
    await chatOf(CHAT, [alice, bob]);
    isSlow = true;
    const update = bob.mls.commit(CHAT);
    await vi.waitUntil(() => server.chats.get(CHAT)!.epoch === 2);
    await new Promise((end) => setTimeout(end, 100));
    await bob.receive(CHAT);
    await update;
    expect(server.chats.get(CHAT)!.messages.map(({ sender_id }) => sender_id)).toEqual([
      ...[ALICE, ALICE, BOB],
    ]);
  });

  it("is made although the server accepts no key packages", async () => {
    const server = new TestMlsServer();
    let isBusy = false;
    const alice = await TestDevice.begin(server, ALICE, (real) => ({
      countKeyPackages: async (device) => {
        if (isBusy) throw new RejectionError(429, "ERR_RATE_LIMITED");
        return real.countKeyPackages(device);
      },
    }));
    const bob = await TestDevice.begin(server, BOB);
    const lost = await TestDevice.open(server, BOB);
    await bob.mls.addDevice(await lost.mls.link());
    await lost.mls.sync();
    await chatOf(CHAT, [alice, bob]);
    isBusy = true;
    await bob.mls.removeDevice(lost.mls.device!.id);
    await alice.mls.refreshLog(BOB);
    expect(alice.mls.get(CHAT)!.roster).toHaveLength(2);
    expect(alice.events.map(({ type }) => type)).toContain("error");
  });
});

it("a chat is stopped although the storage fails at first", async () => {
  const server = new TestMlsServer();
  const storage = memoryMlsStorage();
  const other = await Device.begin({ user_id: BOB, now: Date.now() / 1000 });
  let isFork = false;
  const alice = await TestDevice.begin(
    server,
    ALICE,
    (real) => ({
      entries: async (id, after) => {
        const entries = await real.entries(id, after);
        return isFork && id === BOB ? [other.entry] : entries;
      },
    }),
    storage,
  );
  await chatOf(CHAT, [alice, await TestDevice.begin(server, BOB)]);
  const { write } = storage;
  storage.write = async () => {
    storage.write = write;
    throw new Error("the disk is full");
  };
  isFork = true;
  await expect(alice.mls.log(BOB)).rejects.toMatchObject({ code: "ERR_DEVICE_LOG_FORK" });
  isFork = false;
  await vi.waitUntil(() => !alice.mls.get(CHAT)!.isActive, { timeout: 5000 });
});
