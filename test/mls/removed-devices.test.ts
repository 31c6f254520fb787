import { describe, expect, it } from "vitest";
import { MlsChat } from "../../src/mls/index.js";
import {
  chatOf,
  identity,
  logsOf,
  newUser,
  now,
  receiveAll,
  removeDevice,
  text,
  write,
} from "../support/mls-chat.js";

// What a device that its user has removed can do, with its old state and the help of the server.

/** A chat of alice, bob and bob's second device, which is removed from bob's log and from the chat afterwards. */
async function chatWithThief() {
  const users = [await newUser(7), await newUser(9, 2)];
  const [alice, bob, thief] = await chatOf(users);
  const oldLogs = logsOf(users);
  await removeDevice(users[1]!, users[1]!.devices[1]!);
  const logs = logsOf(users);
  const removal = await alice!.commit({ logs, ...identity() });
  const { chats } = await receiveAll([bob!], removal.request.message, users);
  const [a, b] = [users[0]!.devices[0]!, users[1]!.devices[0]!];
  const now = { alice: removal.chat.accept().chat, bob: chats[0]!, thief: thief! };
  return { users, devices: { alice: a, bob: b }, oldLogs, logs, ...now };
}

describe("a device that was removed", () => {
  it("gets nothing encrypted to it in a group of its own, to which the server invites members", async () => {
    const { thief, oldLogs, logs, devices, bob } = await chatWithThief();
    // Two commits alone: the group info is of a later epoch than that of the members.
    const first = await thief.commit({ logs: oldLogs, ...identity() });
    const second = await first.chat.accept().chat.commit({ logs: oldLogs, ...identity() });
    const { group_info } = second.request;
    const options = { chat_id: 42, group_info, logs, ...identity() };
    const trapped = (await MlsChat.rejoin(devices.bob, options, bob)).chat.accept().chat;
    expect(trapped.roster.map(({ device }) => device)).toContain(second.request.message.device);
    await expect(write(trapped, "secret")).rejects.toMatchObject({ code: "ERR_COMMIT_PENDING" });
    const loaded = await MlsChat.load(devices.bob, trapped.state);
    await expect(write(loaded, "secret")).rejects.toMatchObject({ code: "ERR_COMMIT_PENDING" });
    expect(loaded.due({ logs, now })).toMatchObject({ reason: "roster" });
    const removal = await loaded.commit({ logs, ...identity() });
    const safe = removal.chat.accept().chat;
    const { message } = await write(safe, "secret");
    const seen = await second.chat.accept().chat.receive(removal.request.message, oldLogs);
    expect((await seen.chat.receive(message)).event.kind).not.toBe("content");
  });

  it("gets nothing encrypted to it by a device that it invites", async () => {
    const { thief, oldLogs, logs, devices } = await chatWithThief();
    const { publish, keep } = await devices.alice.keyPackages({ count: 1, suites: [1] });
    const without = await thief.commit({ logs: oldLogs, remove: [7], ...identity() });
    const again = { add: [7], keyPackages: publish, logs: oldLogs, ...identity() };
    const { request } = await without.chat.accept().chat.commit(again);
    const { content } = request.invitation!;
    const invitation = { chat_id: 42, content, keep, logs, now };
    const { chat } = await MlsChat.join(devices.alice, invitation);
    await expect(write(chat, "secret")).rejects.toMatchObject({ code: "ERR_COMMIT_PENDING" });
  });

  it("is named as removed in what it writes with keys of the past", async () => {
    const { thief, alice } = await chatWithThief();
    const late = await write(thief, "late");
    const { event } = await alice.receive(late.message);
    expect(event).toMatchObject({ kind: "content", content: text("late"), isRemoved: true });
  });

  it("cannot make its user leave", async () => {
    const users = [await newUser(7), await newUser(9, 2)];
    const [alice, bob, thief] = await chatOf(users);
    await removeDevice(users[1]!, users[1]!.devices[1]!);
    const logs = logsOf(users);
    const { message } = await thief!.leave(identity());
    const { chats, events } = await receiveAll([alice!, bob!], message, users);
    for (const event of events) expect(event).toMatchObject({ kind: "unreadable" });
    expect(chats[1]!.due({ logs, now })).toEqual({ reason: "roster", after: 10 });
    const step = await chats[1]!.commit({ logs, ...identity() });
    expect(step.request.remove).toEqual([]);
    const { event } = await chats[0]!.receive(step.request.message, logs);
    expect(event).toMatchObject({ kind: "roster", left: [], removed: [{ user_id: 9 }] });
  });
});

it("an invitation to another group is rejected by a device that has the chat", async () => {
  const users = [await newUser(7), await newUser(9)];
  const [alice] = await chatOf(users);
  const device = users[0]!.devices[0]!;
  const { publish, keep } = await device.keyPackages({ count: 2, suites: [1] });
  const logs = logsOf(users);
  const other = await MlsChat.create(users[1]!.devices[0]!, {
    ...{ chat_id: 42, suite: 1, add: [7], keyPackages: publish, logs },
    ...identity(),
  });
  const { content } = other.request.invitation!;
  const invitation = { chat_id: 42, content, keep, logs, now };
  await expect(MlsChat.join(device, invitation, alice)).rejects.toMatchObject({
    code: "ERR_VERIFY",
  });
  expect((await MlsChat.join(device, invitation)).chat.members).toEqual([7, 9]);
});

it("an invitation that a device has used does not take it back to its first key", async () => {
  const users = [await newUser(7), await newUser(9)];
  const [alice, bob] = users.map(({ devices }) => devices[0]!);
  const logs = logsOf(users);
  // A key package of last resort stays, so that the server can show the same invitation again.
  const { publish, keep } = await bob!.keyPackages({ count: 1, suites: [1] });
  const { request } = await MlsChat.create(alice!, {
    ...{ chat_id: 42, suite: 1, add: [9], keyPackages: publish, logs },
    ...identity(),
  });
  const invitation = { chat_id: 42, content: request.invitation!.content, keep, logs, now };
  const joined = (await MlsChat.join(bob!, invitation)).chat;
  const { chat } = await write(joined, "first");
  await expect(MlsChat.join(bob!, invitation, chat)).rejects.toMatchObject({ code: "ERR_VERIFY" });
  const { group_info } = request;
  const rejoin = await MlsChat.rejoin(bob!, { chat_id: 42, group_info, logs, ...identity() }, chat);
  await expect(MlsChat.join(bob!, invitation, rejoin.chat)).rejects.toMatchObject({
    code: "ERR_VERIFY",
  });
});
