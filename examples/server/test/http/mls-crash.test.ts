import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { firstDevice, type MlsDevice } from "../mls-device.js";
import { TestServer } from "../support.js";

/** More points than sending a message has. */
const ALL_POINTS = 10;
const server = new TestServer();
let [alice, bob]: MlsDevice[] = [];

beforeAll(async () => {
  const users = await server.startWithChat();
  alice = await firstDevice(server, users.alice, "alice");
  bob = await firstDevice(server, users.bob, "bob");
});
afterAll(async () => {
  for (const device of [alice, bob]) await device?.stop();
  await server.remove();
});

describe("a device that crashes", () => {
  it("sends what it stored once, wherever it crashes", async () => {
    const chat_id = await alice!.createChat(["bob"], [bob!]);
    const sent: string[] = [];
    for (let points = 0; ; points++) {
      const text = `crash ${points}`;
      const { crash } = bob!;
      crash.left = points;
      crash.passed = 0;
      const isStored = await bob!.send(chat_id, text).then(
        () => true,
        () => false,
      );
      await vi
        .waitUntil(() => crash.isDead || bob!.crash.passed >= ALL_POINTS, { timeout: 3000 })
        .catch(() => {});
      const isDead = crash.isDead;
      const unsent = await bob!.mls.unsent();
      await bob!.restart();
      const wasWritten = unsent.some(
        ({ content }) => content.kind === "text" && content.text === text,
      );
      if (isStored || wasWritten) sent.push(text);
      await bob!.send(chat_id, `after ${points}`);
      sent.push(`after ${points}`);
      if (!isDead) break;
    }
    await alice!.reads(chat_id, sent.at(-1)!);
    expect(alice!.texts(chat_id).sort()).toEqual(sent.sort());
  });

  it("reads each message once, wherever it crashes", async () => {
    const chat_id = await alice!.createChat(["bob"], [bob!]);
    const sent: string[] = [];
    for (let points = 0; points < 8; points++) {
      bob!.crash.left = points;
      for (const text of [`a${points}`, `b${points}`]) {
        await alice!.send(chat_id, text);
        sent.push(text);
      }
      await alice!.mls.commit(chat_id);
      await vi.waitUntil(() => bob!.crash.isDead, { timeout: 3000 });
      await bob!.restart();
      await vi.waitUntil(() => bob!.texts(chat_id).at(-1) === sent.at(-1), { timeout: 45_000 });
    }
    // An event that was not handled comes again.
    expect([...new Set(bob!.texts(chat_id))]).toEqual(sent);
    expect(
      bob!.messages.filter(
        ({ chat_id: id, content, unreadable }) =>
          id === chat_id && (unreadable || content.kind === "unreadable"),
      ),
    ).toEqual([]);
  });
});
