import { describe, expect, it } from "vitest";
import {
  encryptPins,
  makeEntry,
  RecoveryKey,
  readHistoryKey,
  readLog,
} from "../../src/mls/index.js";
import type { TestHistoryServer } from "./mls-history-server.js";
import { ALICE, aliceAndBob, BOB, CHAT, recovered, textsOf } from "./mls-history-users.js";
import { TestDevice, type TestMlsServer } from "./mls-test-server.js";

/** Returns the first seqs of the chunks of a device and the chat, in ascending order. */
function firstSeqs({ stored }: TestHistoryServer, { mls }: TestDevice): number[] {
  const prefix = `${mls.device!.id}/${CHAT}/`;
  const own = [...stored.keys()].filter((name) => name.startsWith(prefix));
  return own.map((name) => Number(name.slice(prefix.length))).sort((one, other) => one - other);
}

/** Sends texts which the server stores at 1000, 2000 and so on. */
async function datedTexts(server: TestMlsServer, sender: TestDevice, texts: readonly string[]) {
  const { messages } = server.chats.get(CHAT)!;
  const sent = [];
  for (const text of texts) {
    const message = await sender.send(CHAT, text);
    sent.push(message);
    messages[message.seq! - 1] = { ...message, stored_at: sent.length * 1000 };
  }
  return sent;
}

/** Adds an entry to Alice's log, as another device of hers would. */
async function extend(server: TestMlsServer, change: object): Promise<void> {
  const entries = server.logs.get(ALICE)!;
  const log = readLog(entries, { user_id: ALICE });
  const entry = await makeEntry(log, { ...change, now: Date.now() / 1000 } as never);
  server.logs.set(ALICE, [...entries, entry]);
}

async function replaceRecoveryKey(server: TestMlsServer, signer: RecoveryKey) {
  const recoveryKey = await RecoveryKey.generate();
  await extend(server, { op: "recovery", signer, recoveryKey });
  return recoveryKey;
}

describe("the chunks of a device", () => {
  it("keep a message at the first seq of a chunk when earlier ones are restored", async () => {
    const { server, histories, alice, bob, history, recoveryKey } = await aliceAndBob();
    const [early, large] = await datedTexts(server, bob, ["early", "x".repeat(70_000)]);
    await alice.receive(CHAT);
    await history.turnOn(recoveryKey);
    await history.write();
    const [name, chunk] = [...histories.stored].find(([one]) => one.endsWith(`/${early!.seq}`))!;
    await alice.mls.expire(CHAT, 1500);
    await history.write();
    expect(firstSeqs(histories, alice)).toEqual([large!.seq]);
    histories.stored.set(name, chunk);
    await history.restore(recoveryKey);
    await history.write();
    expect(firstSeqs(histories, alice)).toEqual([early!.seq, large!.seq]);
  });

  it("are all known after a write that failed between two of them", async () => {
    const { server, histories, alice, bob, history, recoveryKey } = await aliceAndBob();
    const texts = ["x".repeat(40_000), "y".repeat(40_000)];
    const [first, second] = await datedTexts(server, bob, texts);
    await alice.receive(CHAT);
    await history.turnOn(recoveryKey);
    const { writeChunk } = histories;
    histories.writeChunk = async (to, position, chunk) => {
      if (position.first_seq === second!.seq) throw new Error("the connection broke");
      await writeChunk.call(histories, to, position, chunk);
    };
    await expect(history.write()).rejects.toThrow("the connection broke");
    expect(firstSeqs(histories, alice)).toEqual([first!.seq]);
    histories.writeChunk = writeChunk;
    await alice.mls.expire(CHAT, 1500);
    await history.write();
    expect(firstSeqs(histories, alice)).toEqual([second!.seq]);
  });

  it("are written again if their messages are replaced during a write", async () => {
    const { server, histories, alice, bob, history, recoveryKey } = await aliceAndBob();
    await bob.send(CHAT, "lost");
    await alice.receive(CHAT);
    await history.turnOn(recoveryKey);
    const { writeChunk } = histories;
    let placed: Awaited<ReturnType<TestDevice["send"]>> | undefined;
    histories.writeChunk = async (to, position, chunk) => {
      await writeChunk.call(histories, to, position, chunk);
      if (position.chat_id === 0 || placed !== undefined) return;
      const { seq } = server.chats.get(CHAT)!.messages.pop()!;
      await alice.mls.rewind(CHAT, seq! - 1);
      placed = await bob.send(CHAT, "in its place");
      await alice.mls.cipher(CHAT).decrypt(placed);
    };
    await history.write();
    await history.write();
    const again = await recovered(server, histories, recoveryKey);
    await again.history.restore(recoveryKey);
    expect(await textsOf(again.device, [placed!])).toEqual(["in its place"]);
  });

  it("are written by a device that replaced a removed one", async () => {
    const { server, histories, alice, bob, history, recoveryKey } = await aliceAndBob();
    const sent = await bob.send(CHAT, "read");
    await alice.receive(CHAT);
    await history.turnOn(recoveryKey);
    await history.write();
    const before = alice.mls.device!.id;
    await extend(server, { op: "remove", signer: recoveryKey, device: before });
    await alice.mls.refreshLog(ALICE);
    await alice.mls.recover(recoveryKey);
    expect(alice.mls.device!.id).not.toBe(before);
    await history.write();
    expect(firstSeqs(histories, alice)).toEqual([sent.seq]);
    expect([...histories.stored.keys()]).toContain(`${alice.mls.device!.id}/0/0`);
  });
});

describe("a message of a device that was removed from the group", () => {
  it("is not in the history, which would hide that", async () => {
    const { server, histories, alice, bob, history, recoveryKey } = await aliceAndBob();
    await history.turnOn(recoveryKey);
    await alice.mls.commit(CHAT, { remove: [BOB] });
    const late = await bob.send(CHAT, "late");
    expect((await alice.receive(CHAT)).at(-1)).toMatchObject({ kind: "content", isRemoved: true });
    await history.write();
    const again = await recovered(server, histories, recoveryKey);
    await again.history.restore(recoveryKey);
    expect(await textsOf(again.device, [late])).toEqual(["unreadable"]);
  });
});

describe("a replaced recovery key", () => {
  it("is not written to by a device that knows the new one", async () => {
    const { server, histories, alice, bob, history, recoveryKey } = await aliceAndBob();
    await history.turnOn(recoveryKey);
    await history.write();
    const { writes } = histories;
    await replaceRecoveryKey(server, recoveryKey);
    await alice.mls.refreshLog(ALICE);
    await bob.send(CHAT, "later");
    await alice.receive(CHAT);
    await history.write();
    expect([history.isOn, histories.writes]).toEqual([false, writes]);
  });

  it("keeps no history when the user turns it off", async () => {
    const { server, histories, alice, history, recoveryKey } = await aliceAndBob();
    await history.turnOn(recoveryKey);
    await history.write();
    await alice.mls.close();
    const next = await replaceRecoveryKey(server, recoveryKey);
    const second = await recovered(server, histories, next);
    await second.history.turnOff();
    expect([histories.key, histories.stored.size]).toEqual([undefined, 0]);
  });
});

describe("turning the history on again", () => {
  it("writes all messages, also if another device has deleted them meanwhile", async () => {
    const { histories, alice, bob, history, recoveryKey } = await aliceAndBob();
    const sent = await bob.send(CHAT, "read");
    await alice.receive(CHAT);
    await history.turnOn(recoveryKey);
    await history.write();
    await histories.deleteHistory();
    await history.turnOn(recoveryKey);
    await history.write();
    expect(firstSeqs(histories, alice)).toEqual([sent.seq]);
  });
});

describe("restoring", () => {
  it("does not hide a later message at the seq of a restored one", async () => {
    const { server, histories, alice, bob, history, recoveryKey } = await aliceAndBob();
    const lost = await bob.send(CHAT, "lost");
    await alice.receive(CHAT);
    await history.turnOn(recoveryKey);
    await history.write();
    server.chats.get(CHAT)!.messages.pop();
    await alice.mls.rewind(CHAT, lost.seq! - 1);
    await history.restore(recoveryKey);
    const texts = await textsOf(alice, [{ ...lost, timestamp: 1 }, lost]);
    expect(texts).toEqual(["unreadable", "lost"]);
    await history.write();
    const placed = await bob.send(CHAT, "in its place");
    expect(await textsOf(alice, [placed, placed])).toEqual(["in its place", "in its place"]);
    expect(await textsOf(alice, [lost])).toEqual(["unreadable"]);
    await history.write();
    const again = await recovered(server, histories, recoveryKey);
    await again.history.restore(recoveryKey);
    expect(await textsOf(again.device, [placed])).toEqual(["in its place"]);
  });

  it("ends if the server shows the same chunks again and again", async () => {
    const { histories, history, recoveryKey } = await aliceAndBob();
    await history.turnOn(recoveryKey);
    await history.write();
    const { chunks } = histories;
    let pages = 0;
    histories.chunks = async (to) => {
      pages += 1;
      if (pages > 100) throw new Error("endless");
      return { ...(await chunks.call(histories, to, 0)), has_more: true };
    };
    await history.restore(recoveryKey);
    expect(pages).toBe(2);
  });

  it("does not stop the chats for a pin of the own log, which a stolen device made up", async () => {
    const { server, histories, alice, history, recoveryKey } = await aliceAndBob();
    await history.turnOn(recoveryKey);
    await history.write();
    const log = readLog(server.logs.get(ALICE)!, { user_id: ALICE });
    const key = readHistoryKey(histories.key!, log);
    const pin = { user_id: ALICE, seq: 1, head: new Uint8Array(32), isVerified: false };
    const chunk = await encryptPins(alice.mls.device!, key, {
      pins: [pin],
      now: Date.now() / 1000,
    });
    const position = { device: alice.mls.device!.id, chat_id: 0, first_seq: 0 };
    await histories.writeChunk(key.id, position, chunk);
    const second = await recovered(server, histories, recoveryKey);
    await second.history.restore(recoveryKey);
    const error = expect.objectContaining({ code: "ERR_DEVICE_LOG_FORK" });
    expect(second.device.events).toContainEqual({ type: "error", chat_id: undefined, error });
    expect(second.device.mls.disputed).toEqual([]);
  });

  it("stops the chats with a user whose reset the lost device had not accepted", async () => {
    const { server, histories, alice, history, recoveryKey } = await aliceAndBob();
    await history.turnOn(recoveryKey);
    await history.write();
    const bob = await TestDevice.open(server, BOB);
    await bob.mls.reset("right", () => {});
    await alice.mls.refreshLog(BOB);
    expect(alice.mls.disputed).toEqual([BOB]);
    await history.write();
    const second = await recovered(server, histories, recoveryKey);
    await second.history.restore(recoveryKey);
    expect(second.device.mls.disputed).toEqual([BOB]);
  });
});
