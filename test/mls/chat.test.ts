import { describe, expect, it } from "vitest";
import { MlsChat } from "../../src/mls/index.js";
import {
  addDevice,
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

describe.each([1, 0xf00d] as const)("a chat of suite %i", (suite) => {
  it("lets each device of each member read what one device writes", async () => {
    const users = [await newUser(7, 2), await newUser(9, 2)];
    const chats = await chatOf(users, suite);
    const devices = users.flatMap(({ devices }) => devices);
    for (const [at, chat] of chats.entries()) {
      expect(chat.members).toEqual([7, 9]);
      expect(chat.suite).toBe(suite);
      expect(chat.epoch).toBe(1n);
      expect(chat.authenticator).toEqual(chats[0]!.authenticator);
      expect(chat.authenticator).toHaveLength(32);
      const sent = await write(chat, `text ${at}`);
      const others = chats.filter((other) => other !== chat);
      const { events } = await receiveAll(others, sent.message, users);
      const sender = { user_id: devices[at]!.user_id, device: devices[at]!.id };
      const event = { kind: "content", content: text(`text ${at}`), sender, isRemoved: false };
      expect(events).toEqual([event, event, event]);
      chats[at] = sent.chat;
    }
  });
});

describe("a chat", () => {
  it("is the same after it was stored, with a pending commit too", async () => {
    const users = [await newUser(7), await newUser(9)];
    const [alice, bob] = await chatOf(users);
    const step = await alice!.commit({ logs: logsOf(users), ...identity() });
    const loaded = await MlsChat.load(users[0]!.devices[0]!, step.chat.state);
    expect(loaded.state).toEqual(step.chat.state);
    expect(loaded.pending).toEqual(step.request);
    expect(loaded.epoch).toBe(1n);
    const { chats, events } = await receiveAll([bob!], step.request.message, users);
    expect(events).toEqual([
      {
        kind: "roster",
        epoch: 2n,
        by: { user_id: 7, device: users[0]!.devices[0]!.id },
        added: [],
        removed: [],
        joined: [],
        left: [],
      },
    ]);
    const accepted = loaded.accept();
    expect(accepted.event).toEqual(events[0]);
    expect(accepted.chat.authenticator).toEqual(chats[0]!.authenticator);
    expect(accepted.chat.pending).toBeUndefined();
    const own = await loaded.receive(step.request.message);
    expect(own.chat.state).toEqual(accepted.chat.state);
    const sent = await write(chats[0]!, "after it");
    expect((await accepted.chat.receive(sent.message)).event.kind).toBe("content");
  });

  it("adds and removes users and devices by a commit", async () => {
    const users = [await newUser(7), await newUser(9, 2), await newUser(11)];
    const [alice, bob, bob2] = await chatOf(users.slice(0, 2));
    const carol = users[2]!.devices[0]!;
    const { publish, keep } = await carol.keyPackages({ count: 1, suites: [1] });
    await removeDevice(users[1]!, users[1]!.devices[1]!);
    const logs = logsOf(users);
    const step = await alice!.commit({ add: [11], keyPackages: publish, logs, ...identity() });
    expect(step.request).toMatchObject({ add: [11], remove: [] });
    expect(step.missing).toEqual([]);
    const { content, device_ids } = step.request.invitation!;
    expect(device_ids).toEqual([carol.id]);
    const joined = await MlsChat.join(carol, { chat_id: 42, content, keep, logs, now });
    expect(joined.used).toBe(0);
    const { chats, events } = await receiveAll([bob!, bob2!], step.request.message, users);
    const [a, b] = [users[0]!.devices[0]!.id, users[1]!.devices[1]!.id];
    expect(events).toEqual([
      {
        kind: "roster",
        epoch: 2n,
        by: { user_id: 7, device: a },
        added: [{ user_id: 11, device: carol.id }],
        removed: [{ user_id: 9, device: b }],
        joined: [11],
        left: [],
      },
      { kind: "removed", by: { user_id: 7, device: a } },
    ]);
    const accepted = step.chat.accept().chat;
    expect(accepted.members).toEqual([7, 9, 11]);
    for (const one of [chats[0]!, joined.chat]) {
      expect(one.authenticator).toEqual(accepted.authenticator);
      expect(one.members).toEqual([7, 9, 11]);
    }
    const sent = await write(accepted, "to the others");
    const received = await receiveAll([chats[0]!, joined.chat, chats[1]!], sent.message, users);
    expect(received.events.map(({ kind }) => kind)).toEqual(["content", "content", "unreadable"]);
    const removal = await accepted.commit({ remove: [9], logs, ...identity() });
    expect(removal.request).toMatchObject({ add: [], remove: [9] });
    const last = await receiveAll(
      [received.chats[0]!, joined.chat],
      removal.request.message,
      users,
    );
    expect(last.events.map(({ kind }) => kind)).toEqual(["removed", "roster"]);
    await expect(write(last.chats[0]!, "too late")).rejects.toMatchObject({
      code: "ERR_NOT_IN_GROUP",
    });
  });

  it("asks for a log that is missing, and takes the same message again", async () => {
    const users = [await newUser(7), await newUser(9)];
    const [alice, bob] = await chatOf(users);
    const before = logsOf(users);
    const device = await addDevice(users[0]!);
    const { publish, keep } = await device.keyPackages({ count: 1, suites: [1] });
    const logs = logsOf(users);
    const step = await alice!.commit({ keyPackages: publish, logs, ...identity() });
    const first = await bob!.receive(step.request.message, before);
    expect(first.event).toEqual({ kind: "log_needed", user_ids: [7] });
    expect(first.chat.state).toEqual(bob!.state);
    const second = await first.chat.receive(step.request.message, logs);
    expect(second.event).toMatchObject({ kind: "roster", added: [{ device: device.id }] });
    const invitation = { chat_id: 42, content: step.request.invitation!.content, keep, now };
    await expect(MlsChat.join(device, { ...invitation, logs: before })).rejects.toMatchObject({
      code: "ERR_DEVICE_LOG_BEHIND",
      user_ids: [7],
    });
    await expect(MlsChat.join(device, { ...invitation, logs: [] })).rejects.toMatchObject({
      code: "ERR_DEVICE_LOG_BEHIND",
      user_ids: [7, 9],
    });
    const { chat } = await MlsChat.join(device, { ...invitation, logs });
    expect(chat.authenticator).toEqual(second.chat.authenticator);
  });

  it("drops its pending commit if another one comes first, and says what is left to do", async () => {
    const users = [await newUser(7), await newUser(9), await newUser(11)];
    const [alice, bob] = await chatOf(users.slice(0, 2));
    const logs = logsOf(users);
    const lost = await alice!.commit({ add: [11], logs, ...identity() });
    expect(lost.missing).toEqual([{ user_id: 11, device: users[2]!.devices[0]!.id }]);
    await expect(lost.chat.commit({ logs, ...identity() })).rejects.toMatchObject({
      code: "ERR_COMMIT_PENDING",
    });
    const won = await bob!.commit({ logs, ...identity() });
    const { chat, event } = await lost.chat.receive(won.request.message, logs);
    expect(event).toMatchObject({
      kind: "conflict",
      epoch: 2n,
      lost: { client_id: lost.request.message.client_id, add: [11], remove: [] },
    });
    expect(chat.pending).toBeUndefined();
    expect(chat.authenticator).toEqual(won.chat.accept().chat.authenticator);
  });

  it("lets a user leave: the next commit removes the user", async () => {
    const users = [await newUser(7), await newUser(9, 2), await newUser(11)];
    const [alice, bob, bob2, carol] = await chatOf(users);
    const left = await bob!.leave(identity());
    expect(left.message).toMatchObject({ content_type: "proposal", epoch: 1 });
    const { chats, events } = await receiveAll([alice!, bob2!, carol!], left.message, users);
    expect(events).toEqual(Array(3).fill({ kind: "leaving", user_id: 9 }));
    const logs = logsOf(users);
    // RFC 9420, section 12.4: the proposal is committed before anything is sent.
    for (const chat of [left.chat, ...chats]) {
      await expect(write(chat, "before the commit")).rejects.toMatchObject({
        code: "ERR_COMMIT_PENDING",
      });
    }
    expect(chats.map((chat) => chat.due({ logs, now }))).toEqual([
      { reason: "roster", after: 0 },
      undefined,
      { reason: "roster", after: 10 },
    ]);
    const step = await chats[0]!.commit({ logs, ...identity() });
    expect(step.request.remove).toEqual([9]);
    const last = await receiveAll([left.chat, chats[1]!, chats[2]!], step.request.message, users);
    expect(last.events.map(({ kind }) => kind)).toEqual(["removed", "removed", "roster"]);
    expect(last.chats[2]!.members).toEqual([7, 11]);
  });

  it("encrypts with another key after it withdrew a commit", async () => {
    const users = [await newUser(7), await newUser(9)];
    const [alice, bob] = await chatOf(users);
    const logs = logsOf(users);
    const step = await alice!.commit({ logs, ...identity() });
    const loaded = await MlsChat.load(users[0]!.devices[0]!, step.chat.state);
    const left = await loaded.withdraw().leave(identity());
    const first = await bob!.receive(left.message, logs);
    expect(first.event).toEqual({ kind: "leaving", user_id: 7 });
    const second = await first.chat.receive(step.request.message, logs);
    expect(second.event).toMatchObject({ kind: "roster", epoch: 2n });
  });

  it("rejoins by an external commit, and reads past epochs that it knew", async () => {
    const users = [await newUser(7), await newUser(9)];
    const [alice, bob] = await chatOf(users);
    const late = await write(alice!, "late");
    const logs = logsOf(users);
    const update = await late.chat.commit({ logs, ...identity() });
    const { group_info } = update.request;
    const a = update.chat.accept().chat;
    const device = users[1]!.devices[0]!;
    const options = { chat_id: 42, group_info, logs, ...identity() };
    const joined = await MlsChat.rejoin(device, options, bob);
    expect(joined.chat.isActive).toBe(false);
    expect(joined.request.message).toMatchObject({ epoch: 2, content_type: "commit" });
    await expect(write(joined.chat, "too early")).rejects.toMatchObject({
      code: "ERR_NOT_IN_GROUP",
    });
    const { chat, event } = await a.receive(joined.request.message, logs);
    expect(event).toMatchObject({
      kind: "roster",
      epoch: 3n,
      by: { user_id: 9, device: device.id },
    });
    const loaded = await MlsChat.load(device, joined.chat.state);
    const confirmed = (await loaded.receive(joined.request.message)).chat;
    expect(confirmed.isActive).toBe(true);
    expect(confirmed.authenticator).toEqual(chat.authenticator);
    expect((await confirmed.receive(late.message)).event).toMatchObject({ kind: "content" });
    const sent = await write(confirmed, "back");
    expect((await chat.receive(sent.message)).event).toMatchObject({ content: text("back") });
  });
});
