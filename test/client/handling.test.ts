import { afterEach, describe, expect, it, vi } from "vitest";
import { memoryStorage } from "../../src/client/index.js";
import {
  BOB,
  CHAT,
  cipherOf,
  Network,
  OTHER_CHAT,
  start,
  stopAll,
  type TestEvent,
  text,
} from "./fixture.js";

afterEach(stopAll);

/** A chat with messages of Alice, and a storage of Bob that has none of them. */
async function chatWith(...texts: string[]) {
  const network = new Network();
  const alice = await start(network);
  for (const one of texts) await alice.client.send(CHAT, text(one));
  await alice.wait("sent", texts.length);
  const storage = memoryStorage();
  const bob = async () => {
    const started = await start(network, { user_id: BOB, storage });
    started.client.follow(CHAT);
    return started;
  };
  return { network, storage, bob };
}

/** A promise that a test resolves. */
function gate() {
  let open!: () => void;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, passed };
}

describe("an event", () => {
  it("follows when the listeners of the one before it have finished", async () => {
    const { bob } = await chatWith("1", "2");
    const { client, texts, wait } = await bob();
    const { open, passed } = gate();
    const seen: string[] = [];
    client.on("message", async ({ message }) => {
      seen.push(`start ${message.seq}`);
      if (message.seq === 1) await passed;
      seen.push(`end ${message.seq}`);
    });
    await wait("message");
    open();
    await wait("caught_up");
    expect(seen).toEqual(["start 1", "end 1", "start 2", "end 2"]);
    expect(texts("message")).toEqual(["1", "2"]);
  });

  it("is not passed to a removed listener", async () => {
    const { bob } = await chatWith("1");
    const { client, wait } = await bob();
    const removed = vi.fn();
    client.on("message", removed)();
    await wait("message");
    expect(removed).not.toHaveBeenCalled();
  });
});

describe("the cursor", () => {
  it("does not move before the messages are handled", async () => {
    const { storage, bob } = await chatWith("1");
    const { client, wait } = await bob();
    const { open, passed } = gate();
    client.on("message", () => passed);
    await wait("message");
    expect((await storage.load()).cursors).toEqual([]);
    open();
    await wait("caught_up");
    expect((await storage.load()).cursors).toEqual([[CHAT, 1]]);
  });

  it("does not move past a message whose listener throws, and the next run reports it again", async () => {
    const { storage, bob } = await chatWith("1", "2");
    const first = await bob();
    const broken = new Error("a bug");
    first.client.on("message", ({ message }) => {
      if (message.seq === 2) throw broken;
    });
    expect(await first.wait("stopped")).toEqual([{ type: "stopped", error: broken }]);
    await first.client.stop();
    expect((await storage.load()).cursors).toEqual([]);
    const second = await bob();
    await second.wait("message", 2);
    expect(second.texts("message")).toEqual(["1", "2"]);
  });

  it("does not move past a message whose cipher cannot be looked up", async () => {
    const { network, storage } = await chatWith("1");
    const chats = () => Promise.reject(new Error("the keys are locked"));
    const { client, wait, of } = await start(network, { user_id: BOB, storage, chats });
    client.follow(CHAT);
    const [stopped] = await wait("stopped");
    expect(stopped!.error).toEqual(new Error("the keys are locked"));
    expect(of("message")).toEqual([]);
    expect((await storage.load()).cursors).toEqual([]);
  });
});

describe("a message of the outbox", () => {
  it("is not removed before the event sent is handled, and is reported again if that fails", async () => {
    const network = new Network();
    const storage = memoryStorage();
    const first = await start(network, { storage });
    first.client.on("sent", () => {
      throw new Error("a bug");
    });
    const client_id = await first.client.send(CHAT, text("1"));
    await first.wait("stopped");
    await first.client.stop();
    expect((await storage.load()).outbox).toMatchObject([{ client_id }]);
    const second = await start(network, { storage });
    const [sent] = await second.wait("sent");
    expect(sent!.message).toMatchObject({ client_id, seq: 1, content: text("1") });
    await second.client.stop();
    expect((await storage.load()).outbox).toEqual([]);
    expect(network.server.stored(CHAT)).toHaveLength(1);
  });
});

describe("send", () => {
  it("resolves when the message is stored, and sends nothing before", async () => {
    const network = new Network();
    const storage = memoryStorage();
    const { open, passed } = gate();
    const addOutgoing: typeof storage.addOutgoing = async (message) => {
      await passed;
      await storage.addOutgoing(message);
    };
    const { client, wait } = await start(network, { storage: { ...storage, addOutgoing } });
    await wait("online");
    let isStored = false;
    const sending = client.send(CHAT, text("1")).then(() => {
      isStored = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isStored).toBe(false);
    expect(network.server.stored(CHAT)).toEqual([]);
    open();
    await sending;
    expect((await storage.load()).outbox).toHaveLength(1);
    await wait("sent");
  });

  it("keeps the order of a chat, also if the encryption of the first message takes longer", async () => {
    const network = new Network();
    const cipher = await cipherOf();
    const { open, passed } = gate();
    const encrypt: typeof cipher.encrypt = async (message) => {
      if (message.content.text === "1") await passed;
      return cipher.encrypt(message);
    };
    const { client, wait, texts } = await start(network, { chats: () => ({ ...cipher, encrypt }) });
    const all = ["1", "2"].map((one) => client.send(CHAT, text(one)));
    await client.send(OTHER_CHAT, text("of another chat"));
    open();
    await Promise.all(all);
    await wait("sent", 3);
    expect(texts("sent")).toEqual(["of another chat", "1", "2"]);
  });
});

describe("a withdrawn message", () => {
  it("stays in the outbox until the event failed is handled", async () => {
    const network = new Network();
    network.isDown = true;
    const { client, storage, wait } = await start(network);
    const client_id = await client.send(CHAT, text("1"));
    const { open, passed } = gate();
    client.on("failed", () => passed);
    await client.withdraw(client_id);
    await wait("failed");
    expect((await storage.load()).outbox).toHaveLength(1);
    open();
    await vi.waitUntil(async () => (await storage.load()).outbox.length === 0, { timeout: 30_000 });
  });
});

describe("a for await loop", () => {
  it("receives all events in order, and ends with stopped", async () => {
    const { storage, bob } = await chatWith("1", "2");
    const { client, events } = await bob();
    const seen: TestEvent[] = [];
    for await (const event of client) {
      seen.push(event);
      if (event.type === "caught_up") void client.stop();
    }
    expect(seen).toEqual(events);
    expect(seen.at(-1)).toEqual({ type: "stopped", error: undefined });
    await client.stop();
    expect((await storage.load()).cursors).toEqual([[CHAT, 2]]);
  });

  it("has handled a message when it requests the next event", async () => {
    const { storage, bob } = await chatWith("1");
    const { client } = await bob();
    for await (const event of client) {
      if (event.type === "message") expect((await storage.load()).cursors).toEqual([]);
      if (event.type !== "caught_up") continue;
      expect((await storage.load()).cursors).toEqual([[CHAT, 1]]);
      break;
    }
    expect(client.status).toBe("stopped");
  });

  it.each(["break", "throw"])(
    "that is left with %s stops the client, and the event comes again in the next run",
    async (how) => {
      const { storage, bob } = await chatWith("1");
      const { client } = await bob();
      const loop = async () => {
        for await (const event of client) {
          if (event.type !== "message") continue;
          if (how === "throw") throw new Error("a bug");
          break;
        }
      };
      await loop().catch(() => {});
      await client.stop();
      expect((await storage.load()).cursors).toEqual([]);
      const next = await bob();
      await next.wait("message");
    },
  );

  it("that starts after the client stopped receives stopped only", async () => {
    const { client } = await start(new Network());
    await client.stop();
    const seen: string[] = [];
    for await (const { type } of client) seen.push(type);
    expect(seen).toEqual(["stopped"]);
  });
});

describe("stop", () => {
  it("waits for the event that is handled, and reports nothing after it resolved", async () => {
    const { storage, bob } = await chatWith("1", "2");
    const { client, events, wait, texts } = await bob();
    const { open, passed } = gate();
    client.on("message", () => passed);
    await wait("message");
    let isStopped = false;
    const stopping = client.stop().then(() => {
      isStopped = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isStopped).toBe(false);
    open();
    await stopping;
    expect(texts("message")).toEqual(["1"]);
    expect((await storage.load()).cursors).toEqual([]);
    const { length } = events;
    expect(events.at(-1)).toEqual({ type: "stopped", error: undefined });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(events).toHaveLength(length);
    await client.stop();
  });

  it("does not wait for a loop that requests no event", async () => {
    const { bob } = await chatWith("1");
    const { client, wait } = await bob();
    client[Symbol.asyncIterator]();
    await wait("online");
    await client.stop();
  });

  it("stores messages that were sent before it, and rejects later ones", async () => {
    const network = new Network();
    network.isDown = true;
    const { client, storage } = await start(network);
    const before = client.send(CHAT, text("before"));
    await client.queued(CHAT);
    const stopping = client.stop();
    await expect(client.send(CHAT, text("after"))).rejects.toMatchObject({ code: "ERR_STOPPED" });
    const client_id = await before;
    await stopping;
    expect((await storage.load()).outbox).toMatchObject([{ client_id }]);
  });

  it("rejects messages if the storage was not loaded yet", async () => {
    const { client } = await start(new Network());
    const sending = client.send(CHAT, text("x"));
    void client.stop();
    await expect(sending).rejects.toMatchObject({ code: "ERR_STOPPED" });
  });

  it("closes the socket", async () => {
    const network = new Network();
    const { client, wait } = await start(network);
    await wait("online");
    expect(network.open).toBe(1);
    await client.stop();
    expect(network.open).toBe(0);
  });

  it("ignores errors of listeners for stopped", async () => {
    const { client } = await start(new Network());
    client.on("stopped", () => {
      throw new Error("a bug");
    });
    await client.stop();
  });
});

describe("several clients of one storage", () => {
  it("wait for each other: the next one continues where the last one stopped", async () => {
    const network = new Network();
    const storage = memoryStorage();
    // What React's StrictMode does: it mounts, unmounts and mounts again.
    const first = await start(network, { storage });
    void first.client.stop();
    const second = await start(network, { storage });
    const third = await start(network, { storage });
    await second.client.send(CHAT, text("1"));
    await second.wait("sent");
    await third.wait("waiting");
    expect(third.client.status).toBe("waiting");
    const sending = third.client.send(CHAT, text("2"));
    expect(network.open).toBe(1);
    await second.client.stop();
    await sending;
    const [sent] = await third.wait("sent");
    expect(sent!.message.seq).toBe(2);
    expect(first.of("online")).toEqual([]);
  });

  it("that wait end when they are stopped", async () => {
    const network = new Network();
    const storage = memoryStorage();
    await start(network, { storage });
    const second = await start(network, { storage });
    await second.wait("waiting");
    await second.client.stop();
    expect(second.events.at(-1)).toEqual({ type: "stopped", error: undefined });
  });

  it("wait on if they take over a storage that cannot be taken over, as often as they do", async () => {
    const network = new Network();
    const storage = memoryStorage();
    const first = await start(network, { storage });
    const second = await start(network, { storage });
    for (const count of [1, 2, 3]) {
      await second.wait("waiting", count);
      second.client.takeOver();
    }
    await second.wait("waiting", 4);
    expect(second.client.status).toBe("waiting");
    await first.client.stop();
    await second.wait("online");
  });
});
