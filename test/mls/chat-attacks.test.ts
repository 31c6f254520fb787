import type { KeyPackage } from "ts-mls/keyPackage.js";
import { encodeMlsMessage } from "ts-mls/message.js";
import { describe, expect, it } from "vitest";
import { decodeChatState } from "../../src/mls/chat-state.js";
import { encodeCredential } from "../../src/mls/credential.js";
import { type Device, MlsChat } from "../../src/mls/index.js";
import { signerOf } from "../../src/mls/signers.js";
import { detach } from "../support/byte-arrays.js";
import { TestDevice } from "../support/mls.js";
import {
  addDevice,
  chatOf,
  identity,
  logsOf,
  newUser,
  now,
  receiveAll,
  write,
} from "../support/mls-chat.js";
import { signedAgain } from "../support/mls-hostile.js";

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

describe("a commit of this device", () => {
  /** Returns a key package of a device, whose leaf node was changed before the device signed it. */
  async function keyPackageWith(device: Device, leaf: Partial<KeyPackage["leafNode"]>) {
    const identity = encodeCredential({ user_id: device.user_id, device: device.id });
    const own = Object.assign(new TestDevice(0, signerOf(device)), { identity });
    const keyPackage = await signedAgain(own, (node) => ({ ...node, ...leaf }) as typeof node);
    return encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage });
  }

  it("leaves out key packages that would make it invalid, and names their devices", async () => {
    const users = [await newUser(7), await newUser(9), await newUser(11)];
    const [alice] = await chatOf(users);
    const [good, bad] = [await addDevice(users[1]!), await addDevice(users[2]!)];
    const first = (await good.keyPackages({ count: 1, suites: [1] })).publish[0]!;
    const { group } = await decodeChatState(alice!.state);
    const changes: Partial<KeyPackage["leafNode"]>[] = [
      { hpkePublicKey: group.encryptionKeys[0]! },
      { hpkePublicKey: new Uint8Array(32) },
      { extensions: [{ extensionType: 0xaaaa, extensionData: new Uint8Array() }] },
    ];
    expect(await keyPackageWith(bad, {})).toHaveLength(first.length);
    for (const change of changes) {
      const keyPackages = [await keyPackageWith(bad, change), first];
      const options = { keyPackages, logs: logsOf(users), ...identity() };
      const { missing, request } = await alice!.commit(options);
      expect(missing).toEqual([{ user_id: 11, device: bad.id }]);
      expect(request.invitation!.device_ids).toEqual([good.id]);
    }
  });
});

describe("a caller", () => {
  it("can change what a step returned, without changing the chat", async () => {
    const users = [await newUser(7), await newUser(9), await newUser(11)];
    const [alice] = await chatOf(users.slice(0, 2));
    const { publish } = await users[2]!.devices[0]!.keyPackages({ count: 1, suites: [1] });
    const options = { add: [11], keyPackages: publish, logs: logsOf(users), ...identity() };
    const { chat, request } = await alice!.commit(options);
    const [state, pending] = [chat.state, chat.pending];
    for (const { message, add, invitation, group_info } of [request, chat.pending!]) {
      (add as number[]).push(13);
      (invitation!.device_ids as string[]).pop();
      for (const bytes of [message.nonce, message.content, invitation!.content]) bytes.fill(0);
      detach(group_info);
    }
    const { event } = chat.accept();
    if (event.kind === "roster") (event.joined as number[]).push(13);
    expect(chat.state).toEqual(state);
    expect(chat.pending).toEqual(pending);
  });

  it("can change what it passed, before a step ends", async () => {
    const users = [await newUser(7), await newUser(9), await newUser(11)];
    const [alice] = await chatOf(users.slice(0, 2));
    const [bob, carol] = [users[1]!.devices[0]!, users[2]!.devices[0]!];
    const { publish, keep } = await carol.keyPackages({ count: 1, suites: [1] });
    const logs = logsOf(users);
    const added = alice!.commit({ add: [11], keyPackages: publish, logs, ...identity() });
    for (const bytes of publish) bytes.fill(0);
    const { missing, request } = await added;
    expect(missing).toEqual([]);
    const { content } = request.invitation!;
    const joining = MlsChat.join(carol, { chat_id: 42, content, keep, logs, now });
    for (const bytes of [content, ...keep]) bytes.fill(0);
    expect((await joining).chat.epoch).toBe(2n);
    const { group_info } = request;
    const rejoining = MlsChat.rejoin(bob, { chat_id: 42, group_info, logs, ...identity() });
    detach(group_info);
    expect((await rejoining).chat.epoch).toBe(3n);
  });

  it("gets a ValidationError for other values than bytes and objects", async () => {
    const users = [await newUser(7), await newUser(9)];
    const [alice] = await chatOf(users);
    const device = users[0]!.devices[0]!;
    const options = { chat_id: 42, logs: logsOf(users), ...identity() };
    const none = "no bytes" as never;
    for (const call of [
      () => alice!.due(undefined as never),
      () => alice!.commit({ keyPackages: [none], ...options }),
      () => MlsChat.create(device, { suite: 1, add: [9], keyPackages: [none], ...options }),
      () => MlsChat.join(device, { content: none, keep: [], now, ...options }),
      () => MlsChat.join(device, { content: new Uint8Array(), keep: [none], now, ...options }),
      () => MlsChat.rejoin(device, { group_info: none, ...options }),
    ]) {
      await expect((async () => call())()).rejects.toMatchObject({ code: "ERR_VALIDATION" });
    }
  });
});
