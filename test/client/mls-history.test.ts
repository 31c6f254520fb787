import { describe, expect, it, onTestFinished } from "vitest";
import { MlsChats, MlsHistory } from "../../src/client/mls/index.js";
import type { ChatMessage } from "../../src/messages/chat.js";
import { makeEntry, RecoveryKey, readLog } from "../../src/mls/index.js";
import { ALICE, aliceAndBob, BOB, CHAT, recovered, textsOf } from "./mls-history-users.js";
import { RejectionError, TestDevice } from "./mls-test-server.js";

describe("the history", () => {
  it("is off until the user turns it on", async () => {
    const { alice, histories, history } = await aliceAndBob();
    await alice.send(CHAT, "one");
    await alice.receive(CHAT);
    await history.write();
    expect([history.isOn, histories.writes]).toEqual([false, 0]);
  });

  it("is off where the server has none, without errors", async () => {
    const { server, histories, alice, recoveryKey } = await aliceAndBob();
    const none = async () => {
      throw new RejectionError(404, "ERR_NOT_FOUND");
    };
    histories.historyKey = none;
    histories.chunks = none;
    const again = await recovered(server, histories, recoveryKey);
    await again.history.write();
    await again.history.turnOff();
    expect(again.history.isOn).toBe(false);
    for (const { events } of [alice, again.device])
      expect(events.filter(({ type }) => type === "error")).toEqual([]);
  });

  it("gives a recovered device the messages that the lost one had read, and no others", async () => {
    const { server, histories, alice, bob, history, recoveryKey } = await aliceAndBob();
    const own = await alice.send(CHAT, "of Alice");
    const theirs = await bob.send(CHAT, "of Bob");
    await alice.receive(CHAT);
    await history.turnOn(recoveryKey);
    await history.write();
    const late = await bob.send(CHAT, "never read by Alice");
    await alice.mls.close();
    const again = await recovered(server, histories, recoveryKey);
    expect(await again.history.restore(recoveryKey)).toEqual({ messages: 2, rejected: 0 });
    expect(await textsOf(again.device, [own, theirs, late])).toEqual([
      "of Alice",
      "of Bob",
      "unreadable",
    ]);
    expect(again.device.events).toContainEqual({ type: "restored", chat_id: CHAT, messages: 2 });
  });

  it("replaces what the new device could not read", async () => {
    const { server, histories, alice, bob, history, recoveryKey } = await aliceAndBob();
    const theirs = await bob.send(CHAT, "of Bob");
    await alice.receive(CHAT);
    await history.turnOn(recoveryKey);
    await history.write();
    const again = await recovered(server, histories, recoveryKey);
    expect(await textsOf(again.device, [theirs])).toEqual(["unreadable"]);
    await again.history.restore(recoveryKey);
    expect(await textsOf(again.device, [theirs])).toEqual(["of Bob"]);
    expect(await textsOf(again.device, [{ ...theirs, timestamp: 1 }])).toEqual(["unreadable"]);
  });

  it("is written by each device, and a write changes only what has changed", async () => {
    const { server, histories, storage, alice, bob, history, recoveryKey } = await aliceAndBob();
    await history.turnOn(recoveryKey);
    await history.write();
    const before = histories.writes;
    await bob.send(CHAT, "one");
    await alice.receive(CHAT);
    await history.write();
    await history.write();
    expect(histories.writes).toBe(before + 1);
    await alice.mls.close();
    const mls = await MlsChats.open({ user_id: ALICE, storage, server: server.of(ALICE) });
    onTestFinished(() => mls.close());
    const reopened = await MlsHistory.open(mls, histories);
    await reopened.write();
    expect(reopened.isOn).toBe(true);
    // The pins, which are not stored.
    expect(histories.writes).toBe(before + 2);
  });

  it("begins a new chunk when one is full, and keeps all", async () => {
    const { server, histories, alice, bob, history, recoveryKey } = await aliceAndBob();
    const sent: ChatMessage[] = [];
    const textOf = (number: number) => `${number} ${"x".repeat(6000)}`;
    const write = async (count: number) => {
      for (let at = 0; at < count; at++) sent.push(await bob.send(CHAT, textOf(sent.length)));
      await alice.receive(CHAT);
      await history.write();
    };
    await history.turnOn(recoveryKey);
    await history.write();
    for (const count of [9, 1, 1, 10]) await write(count);
    const again = await recovered(server, histories, recoveryKey);
    expect(await again.history.restore(recoveryKey)).toEqual({ messages: 21, rejected: 0 });
    const chunks = [...histories.stored]
      .filter(([name]) => name.startsWith(`${alice.mls.device!.id}/${CHAT}/`))
      .map(([, { chunk }]) => chunk.length);
    // 10 messages have 61,776 bytes, padded to 63,488; 11 would have more than 65,536.
    expect(chunks).toEqual([64_777, 64_777, 7_689]);
    const texts = await textsOf(again.device, sent);
    expect(texts).toEqual(sent.map((_, at) => textOf(at)));
  });

  it("loses the messages that expire, and a chunk of which none is left", async () => {
    const { histories, alice, bob, history, recoveryKey, server } = await aliceAndBob();
    const [old, recent] = [await bob.send(CHAT, "old"), await bob.send(CHAT, "recent")];
    const { messages } = server.chats.get(CHAT)!;
    for (const [one, stored_at] of [
      [old, 1000],
      [recent, 2000],
    ] as const)
      messages[one.seq! - 1] = { ...one, stored_at };
    await alice.receive(CHAT);
    await history.turnOn(recoveryKey);
    await history.write();
    await alice.mls.expire(CHAT, 1500);
    await history.write();
    const second = await recovered(server, histories, recoveryKey);
    await second.history.restore(recoveryKey);
    expect(await textsOf(second.device, [old, recent])).toEqual(["unreadable", "recent"]);
    await alice.mls.expire(CHAT, 2500);
    await history.write();
    const own = [...histories.stored.keys()].filter((name) => name.includes(`/${CHAT}/`));
    expect(own).toEqual([]);
  });

  it("has the messages that the server put in the place of lost ones", async () => {
    const { histories, alice, bob, history, recoveryKey, server } = await aliceAndBob();
    await bob.send(CHAT, "lost");
    await alice.receive(CHAT);
    await history.turnOn(recoveryKey);
    await history.write();
    const { messages } = server.chats.get(CHAT)!;
    const { seq } = messages.pop()!;
    await alice.mls.rewind(CHAT, seq! - 1);
    const placed = await bob.send(CHAT, "in its place");
    expect(placed.seq).toBe(seq);
    await alice.mls.cipher(CHAT).decrypt(placed);
    await history.write();
    const again = await recovered(server, histories, recoveryKey);
    await again.history.restore(recoveryKey);
    expect(await textsOf(again.device, [placed])).toEqual(["in its place"]);
  });

  it("keeps who was verified, while the safety number is the same", async () => {
    const { server, histories, alice, history, recoveryKey } = await aliceAndBob();
    await alice.mls.safetyNumber(BOB);
    await alice.mls.setVerified(BOB);
    await history.turnOn(recoveryKey);
    await history.write();
    const again = await recovered(server, histories, recoveryKey);
    expect(again.device.mls.isVerified(BOB)).toBe(false);
    await again.history.restore(recoveryKey);
    expect(again.device.mls.isVerified(BOB)).toBe(true);
  });

  it("reports another log of a user than the pinned one", async () => {
    const { server, histories, alice, history, recoveryKey } = await aliceAndBob();
    await alice.mls.safetyNumber(BOB);
    await alice.mls.setVerified(BOB);
    await history.turnOn(recoveryKey);
    await history.write();
    server.logs.delete(BOB);
    await TestDevice.begin(server, BOB);
    const again = await recovered(server, histories, recoveryKey);
    await again.history.restore(recoveryKey);
    expect(again.device.mls.isVerified(BOB)).toBe(false);
    const fork = { type: "fork", user_id: BOB, chat_id: undefined };
    expect(again.device.events).toContainEqual(fork);
  });

  it("stops the chats with a user whose log was reset after the pinned entry", async () => {
    const { server, histories, history, recoveryKey } = await aliceAndBob();
    await history.turnOn(recoveryKey);
    await history.write();
    const bob = await TestDevice.open(server, BOB);
    await bob.mls.reset("right", () => {});
    const again = await recovered(server, histories, recoveryKey);
    await again.device.mls.log(BOB);
    expect(again.device.mls.disputed).toEqual([]);
    await again.history.restore(recoveryKey);
    expect(again.device.mls.disputed).toEqual([BOB]);
  });
});

describe("turning the history on", () => {
  it("requires the recovery key of the account", async () => {
    const { histories, history } = await aliceAndBob();
    await expect(history.turnOn(await RecoveryKey.generate())).rejects.toMatchObject({
      code: "ERR_KEY",
    });
    expect([history.isOn, histories.key]).toEqual([false, undefined]);
  });

  it("is an event at the other devices, as is turning it off", async () => {
    const { server, histories, storage, alice, history, recoveryKey } = await aliceAndBob();
    const other = await recovered(server, histories, recoveryKey);
    await history.turnOn(recoveryKey);
    await history.write();
    await other.device.mls.close();
    expect(alice.events).toContainEqual({ type: "history", isOn: true });
    await alice.mls.close();
    await histories.deleteHistory();
    const mls = await MlsChats.open({ user_id: ALICE, storage, server: server.of(ALICE) });
    onTestFinished(() => mls.close());
    const events: unknown[] = [];
    mls.on((event) => void events.push(event));
    await (await MlsHistory.open(mls, histories)).write();
    expect(events).toContainEqual({ type: "history", isOn: false });
  });

  it("is refused where the server shows a key that the recovery key did not sign", async () => {
    const { server, histories, history, recoveryKey } = await aliceAndBob();
    await history.turnOn(recoveryKey);
    await history.write();
    histories.key = histories.key!.map((byte, at) => (at === 100 ? byte ^ 1 : byte));
    const { writes } = histories;
    const second = await recovered(server, histories, recoveryKey);
    await second.history.write();
    expect([second.history.isOn, histories.writes]).toEqual([false, writes]);
    const error = expect.objectContaining({ code: "ERR_HISTORY_INVALID" });
    expect(second.device.events).toContainEqual({ type: "error", chat_id: undefined, error });
  });

  it("and replacing the recovery key leaves the history readable by the earlier one", async () => {
    const { server, histories, alice, bob, history, recoveryKey } = await aliceAndBob();
    const sent = await bob.send(CHAT, "before");
    await alice.receive(CHAT);
    await history.turnOn(recoveryKey);
    await history.write();
    const next = await RecoveryKey.generate();
    const log = readLog(server.logs.get(ALICE)!, { user_id: ALICE });
    const now = Date.now() / 1000;
    const entry = await makeEntry(log, {
      ...{ op: "recovery", signer: recoveryKey, recoveryKey: next, now },
    });
    server.logs.set(ALICE, [...server.logs.get(ALICE)!, entry]);
    const again = await recovered(server, histories, next);
    expect(again.history.isOn).toBe(false);
    await expect(again.history.restore(next)).rejects.toMatchObject({
      code: "ERR_HISTORY_NOT_FOUND",
    });
    await again.history.restore(recoveryKey);
    expect(await textsOf(again.device, [sent])).toEqual(["before"]);
  });

  it("off deletes what the server has, and nothing is written any more", async () => {
    const { histories, alice, bob, history, recoveryKey } = await aliceAndBob();
    await history.turnOn(recoveryKey);
    await history.write();
    await history.turnOff();
    await bob.send(CHAT, "after");
    await alice.receive(CHAT);
    await history.write();
    expect([history.isOn, histories.key, histories.stored.size]).toEqual([false, undefined, 0]);
  });
});
