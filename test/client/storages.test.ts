import { afterEach, describe, expect, it, vi } from "vitest";
import { memoryStorage } from "../../src/client/index.js";
import { indexedDbStorage } from "../../src/client/indexeddb/index.js";
import { asText, contentsOf } from "./database.js";
import { Network, start, stopAll } from "./fixture.js";
import { describeStorage } from "./storage-contract.js";

afterEach(stopAll);

describeStorage("memoryStorage", () => {
  const storage = memoryStorage();
  const dump = async () => {
    const { outbox, cursors } = await storage.load();
    const messages = [...cursors].map(([chat]) =>
      storage.messages(chat, { before: Number.MAX_SAFE_INTEGER, limit: 99 }),
    );
    return asText([outbox, await Promise.all(messages)]);
  };
  return { open: () => storage, dump };
});

let count = 0;
const hasIndexedDb = typeof indexedDB !== "undefined";

if (hasIndexedDb) {
  describeStorage("indexedDbStorage", () => {
    const name = `test ${Math.random()} ${count++}`;
    const dump = async () => asText(Object.values(await contentsOf(`lacre ${name}`)));
    return { open: () => indexedDbStorage(name), dump };
  });
}

describe.skipIf(!hasIndexedDb)("a client that takes over a storage in IndexedDB", () => {
  it("stops the client that held it, and starts when that has ended", async () => {
    const { setTimeout } = globalThis;
    // Without the timeout of a takeover, only the end of the first client lets the second one start.
    vi.stubGlobal("setTimeout", (work: () => void, delay = 0) =>
      delay === 3000 ? 0 : setTimeout(work, delay),
    );
    const name = `test ${Math.random()}`;
    const network = new Network();
    const first = await start(network, { storage: indexedDbStorage(name) });
    first.client.takeOver();
    await first.wait("online");
    const second = await start(network, { storage: indexedDbStorage(name) });
    await second.wait("waiting");
    second.client.takeOver();
    await second.wait("online");
    const [stopped] = await first.wait("stopped");
    expect(stopped!.error).toMatchObject({ code: "ERR_STOPPED" });
    vi.unstubAllGlobals();
  });
});
