import { describe, expect, it } from "vitest";
import { chatOf, identity, logsOf, newUser, receiveAll, write } from "../support/mls-chat.js";

describe("a device with a pending commit", () => {
  it("does not propose to leave: both would have the same key, and others would reject the commit", async () => {
    const users = [await newUser(7), await newUser(9)];
    const [alice] = await chatOf(users);
    const { chat } = await alice!.commit({ logs: logsOf(users), ...identity() });
    await expect(chat.leave(identity())).rejects.toMatchObject({ code: "ERR_COMMIT_PENDING" });
    const { message } = await chat.withdraw().leave(identity());
    expect(message.content_type).toBe("proposal");
  });
});

describe("a removed device", () => {
  it("follows no other commit of its last epoch, and does not rejoin", async () => {
    const users = [await newUser(7), await newUser(9), await newUser(11)];
    const [alice, bob, carol] = await chatOf(users);
    const logs = logsOf(users);
    const lost = await carol!.commit({ logs, ...identity() });
    const removal = await alice!.commit({ remove: [9], logs, ...identity() });
    const removed = await bob!.receive(removal.request.message, logs);
    expect(removed.event.kind).toBe("removed");
    const step = await removed.chat.receive(lost.request.message, logs);
    expect(step.event).toEqual({ kind: "unreadable", reason: "not_decryptable" });
    expect(step.chat.isActive).toBe(false);
    let { chat } = step;
    for (const content of ["1", "2", "3"]) {
      const { message } = await write(removal.chat.accept().chat, content);
      chat = (await chat.receive(message, logs)).chat;
    }
    expect(chat.needsRejoin).toBe(false);
  });
});

describe("a device that missed a commit", () => {
  it("needs to rejoin after three messages of later epochs in a row", async () => {
    const users = [await newUser(7), await newUser(9)];
    const [alice, bob] = await chatOf(users);
    const logs = logsOf(users);
    const step = await alice!.commit({ logs, ...identity() });
    // The server stored the commit, and the device took it for rejected.
    let stuck = (await step.chat.withdraw().receive(step.request.message, logs)).chat;
    let { chats } = await receiveAll([bob!], step.request.message, users);
    for (const [content, needed] of [
      ["1", false],
      ["2", false],
      ["3", true],
    ] as const) {
      const sent = await write(chats[0]!, content);
      chats = [sent.chat];
      const received = await stuck.receive(sent.message, logs);
      expect(received.event).toEqual({ kind: "unreadable", reason: "unknown_epoch" });
      stuck = received.chat;
      expect(stuck.needsRejoin).toBe(needed);
    }
  });
});
