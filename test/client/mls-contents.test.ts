import { describe, expect, it, vi } from "vitest";
import { memoryMlsStorage } from "../../src/client/mls/index.js";
import { chatOf, RejectionError, TestDevice, TestMlsServer } from "./mls-test-server.js";

const [ALICE, BOB, CHAT] = [7, 9, 42];

describe("a content", () => {
  it("whose sending failed is not sent by the next run", async () => {
    const server = new TestMlsServer();
    const alice = await TestDevice.begin(server, ALICE);
    const bob = await TestDevice.begin(server, BOB);
    await chatOf(CHAT, [alice, bob]);
    await bob.mls.leave(CHAT);
    alice.fails.commit = new RejectionError(403, "ERR_FORBIDDEN");
    await alice.receive(CHAT);
    await expect(alice.send(CHAT, "hola")).rejects.toMatchObject({ code: "ERR_FORBIDDEN" });
    expect(await alice.mls.unsent()).toEqual([]);
  });

  it("that is not an object is rejected with a typed error", async () => {
    const server = new TestMlsServer();
    const alice = await TestDevice.begin(server, ALICE);
    await chatOf(CHAT, [alice, await TestDevice.begin(server, BOB)]);
    for (const content of [undefined, null, "hola"] as never[]) {
      const sent = alice.mls.cipher(CHAT).encrypt({ chat_id: CHAT, sender_id: ALICE, content });
      await expect(sent).rejects.toMatchObject({ code: "ERR_VALIDATION" });
    }
    expect(await alice.mls.unsent()).toEqual([]);
  });

  it("is sent as it was when it was passed", async () => {
    const server = new TestMlsServer();
    const alice = await TestDevice.begin(server, ALICE);
    const storage = memoryMlsStorage();
    const bob = await TestDevice.begin(server, BOB, undefined, storage);
    await chatOf(CHAT, [alice, bob]);
    await bob.mls.close();
    const again = await TestDevice.open(server, BOB, undefined, storage);
    const content = { kind: "text" as const, text: "as passed" };
    const cipher = again.mls.cipher(CHAT);
    const sending = cipher.encrypt({ chat_id: CHAT, sender_id: BOB, content });
    await vi.waitUntil(async () => (await again.mls.unsent()).length > 0);
    content.text = "changed";
    await again.receive(CHAT);
    const read = await alice.mls.cipher(CHAT).decrypt({ ...(await sending), seq: 100 });
    expect(read).toMatchObject({ kind: "content", content: { text: "as passed" } });
  });
});

describe("a content of an earlier run", () => {
  it("stays in the storage if this device can no longer send it", async () => {
    const server = new TestMlsServer();
    const alice = await TestDevice.begin(server, ALICE);
    const storage = memoryMlsStorage();
    const bob = await TestDevice.begin(server, BOB, undefined, storage);
    await chatOf(CHAT, [alice, bob]);
    await bob.mls.close();
    const second = await TestDevice.open(server, BOB, undefined, storage);
    const content = { kind: "text", text: "written before" } as const;
    const message = { chat_id: CHAT, sender_id: BOB, content };
    second.mls
      .cipher(CHAT)
      .encrypt(message)
      .catch(() => {});
    await vi.waitUntil(async () => (await second.mls.unsent()).length > 0);
    await second.mls.close();
    await alice.mls.commit(CHAT, { remove: [BOB] });
    const third = await TestDevice.open(server, BOB, undefined, storage);
    const [unsent] = await third.mls.unsent();
    await third.receive(CHAT);
    const again = { ...message, client_id: unsent!.client_id };
    const sending = third.mls.cipher(CHAT).encrypt(again);
    await expect(sending).rejects.toMatchObject({ code: "ERR_NOT_IN_GROUP" });
    expect(await third.mls.unsent()).toEqual([unsent]);
  });
});
