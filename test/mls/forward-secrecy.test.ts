import { describe, expect, it } from "vitest";
import { encodeHex } from "../../src/bytes.js";
import type { ChatMessage } from "../../src/messages/chat.js";
import type { Group } from "../../src/mls/engine.js";
import { MlsChat } from "../../src/mls/index.js";
import { acceptAll, groupOf, none, utf8 } from "../support/mls.js";
import { decryptAll, decryptWith, groupsIn, rewound, secretsOf } from "../support/mls-attacker.js";
import { chatOf, identity, logsOf, newUser, write } from "../support/mls-chat.js";

/** Returns a chat of two users, and the device of the second one. */
async function twoUsers() {
  const users = [await newUser(7), await newUser(9)];
  const [alice, bob] = await chatOf(users);
  const device = users[1]!.devices[0]!;
  return { alice: alice!, bob: bob!, device, logs: logsOf(users) };
}

/** Returns the texts that the secrets of a state decrypt. */
async function decrypted(group: Group, messages: readonly Uint8Array[]): Promise<string[]> {
  const found = new Set<string>();
  for (const one of [group, ...(await rewound(group))]) {
    for (const message of messages) {
      const data = await decryptWith(one, message);
      if (data !== undefined) found.add(new TextDecoder().decode(data));
    }
  }
  return [...found].sort();
}

describe.each([1, 0xf00d] as const)("a group of suite %i", (suite) => {
  /** Returns a group of 2 devices, and some messages of the first one. */
  async function withMessages(count: number) {
    const { devices, groups } = await groupOf(2, suite);
    let writer = groups[0]!;
    const messages = [];
    for (let at = 0; at < count; at++) {
      const step = await writer.encrypt(devices[0]!.signer, utf8(`text ${at}`), none);
      writer = step.group;
      messages.push(step.message);
    }
    return { devices, messages, writer, reader: groups[1]! };
  }

  it("has no secret of a message that was read after a missing one", async () => {
    const { messages, reader } = await withMessages(4);
    const second = (await reader.receive(messages[2]!, acceptAll)).group;
    expect(await decrypted(reader, messages)).toEqual(["text 0", "text 1", "text 2", "text 3"]);
    expect(await decrypted(second, messages)).toEqual(["text 0", "text 1", "text 3"]);
    const third = (await second.receive(messages[0]!, acceptAll)).group;
    expect(await decrypted(third, messages)).toEqual(["text 1", "text 3"]);
  });

  it("has no secret of a message that this device encrypted", async () => {
    const { messages, writer } = await withMessages(2);
    expect(await decrypted(writer, messages)).toEqual([]);
  });
});

describe("a stolen state of a chat", () => {
  /** Returns the number of messages that an attacker with a state reads, who has all messages and follows all commits. */
  async function read(state: Uint8Array, messages: readonly ChatMessage[]): Promise<number> {
    const found = [];
    for (const group of await groupsIn(state)) {
      const variants = [group, ...(await rewound(group))];
      for (const variant of variants) found.push(...(await decryptAll(variant, messages)));
    }
    return new Set(found.map((data) => data.join())).size;
  }

  it("reads no message from before that this device read or wrote", async () => {
    const { alice, bob, logs } = await twoUsers();
    const messages: ChatMessage[] = [];
    let [writer, reader] = [alice, bob];
    for (let epoch = 0; epoch < 2; epoch++) {
      for (let text = 0; text < 2; text++) {
        const sent = await write(writer, `text ${text} of epoch ${epoch}`);
        writer = sent.chat;
        messages.push(sent.message);
        reader = (await reader.receive(sent.message, logs)).chat;
      }
      const step = await writer.commit({ logs, ...identity() });
      expect(await read(step.chat.state, messages)).toBe(0);
      expect(await read(reader.state, messages)).toBe(0);
      const pending = await reader.commit({ logs, ...identity() });
      expect(await read(pending.chat.state, messages)).toBe(0);
      messages.push(step.request.message);
      reader = (await reader.receive(step.request.message, logs)).chat;
      writer = step.chat.accept().chat;
    }
    expect(await read(writer.state, messages)).toBe(0);
    expect(await read(reader.state, messages)).toBe(0);
    expect(await read(bob.state, messages)).toBe(4);
  });

  it("reads no message after two updates of this device", async () => {
    const { alice, bob, logs } = await twoUsers();
    const messages: ChatMessage[] = [];
    let [writer, updated] = [alice, bob];
    let stolen: Uint8Array | undefined;
    for (let update = 0; update < 3; update++) {
      const sent = await write(writer, `text ${update}`);
      updated = (await updated.receive(sent.message, logs)).chat;
      const step = await updated.commit({ logs, ...identity() });
      // The first update is pending in the stolen state.
      stolen ??= step.chat.state;
      updated = step.chat.accept().chat;
      writer = (await sent.chat.receive(step.request.message, logs)).chat;
      messages.push(sent.message, step.request.message);
    }
    expect(messages.filter((one) => one.content_type === undefined)).toHaveLength(3);
    expect(await read(stolen!, messages)).toBe(1);
    expect(await read(stolen!, messages.slice(3))).toBe(0);
  });

  it("reads no message after its device was removed, or joined again", async () => {
    const { alice, bob, device, logs } = await twoUsers();
    const sent = await write(alice, "before");
    expect(await read(bob.state, [sent.message])).toBe(1);
    const removal = await alice.commit({ remove: [9], logs, ...identity() });
    const without = await write(removal.chat.accept().chat, "without bob");
    expect(await read(bob.state, [removal.request.message, without.message])).toBe(0);

    const update = await alice.commit({ logs, ...identity() });
    const { group_info } = update.request;
    const { chat } = await bob.receive(update.request.message, logs);
    const stolen = chat.state;
    const options = { chat_id: 42, group_info, logs, ...identity() };
    const joined = await MlsChat.rejoin(device, options, chat);
    const { request } = joined;
    const next = (await update.chat.accept().chat.receive(request.message, logs)).chat;
    const after = await write(next, "after it");
    expect(await read(joined.chat.state, [after.message])).toBe(1);
    expect(await read(stolen, [request.message, after.message])).toBe(0);
  });
});

describe("a stored state", () => {
  const isIn = (bytes: Uint8Array, secret: Uint8Array) =>
    encodeHex(bytes).includes(encodeHex(secret));

  /** Expects that each secret that a step removed from the group is nowhere in the state after it. */
  async function expectErased(before: MlsChat, after: MlsChat, atLeast: number): Promise<void> {
    const [group] = await groupsIn(before.state);
    const kept = new Set((await groupsIn(after.state)).flatMap(secretsOf).map(encodeHex));
    const removed = secretsOf(group!).filter(
      (one) => one.length >= 16 && !kept.has(encodeHex(one)),
    );
    expect(removed.length).toBeGreaterThanOrEqual(atLeast);
    for (const secret of removed) {
      expect(isIn(before.state, secret)).toBe(true);
      expect(isIn(after.state, secret)).toBe(false);
    }
  }

  it("has no secret that a step used up", async () => {
    const { alice, bob, logs } = await twoUsers();
    const first = await write(alice, "first");
    await expectErased(alice, first.chat, 1);
    const second = await write(first.chat, "second");
    const skipped = (await bob.receive(second.message, logs)).chat;
    await expectErased(bob, skipped, 1);
    const read = (await skipped.receive(first.message, logs)).chat;
    await expectErased(skipped, read, 1);
    const step = await second.chat.commit({ logs, ...identity() });
    await expectErased(second.chat, step.chat, 1);
    // The init secret and other secrets of the epoch, and the private keys of the path.
    await expectErased(step.chat, step.chat.accept().chat, 8);
    await expectErased(read, (await read.receive(step.request.message, logs)).chat, 8);
  });
});
