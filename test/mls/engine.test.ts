import { describe, expect, it } from "vitest";
import { encodeHex } from "../../src/bytes.js";
import { MAX_CONTENT_BYTES } from "../../src/limits.js";
import { Group, makeKeyPackages, readHeader, readKeyPackage } from "../../src/mls/engine.js";
import type { Change, Rules } from "../../src/mls/engine-types.js";
import {
  acceptAll,
  expectAgreement,
  groupOf,
  none,
  suites,
  TestDevice,
  utf8,
} from "../support/mls.js";

/** Encrypts one message in `from`, and returns what `to` reads. */
async function exchange(from: Group, device: TestDevice, to: Group) {
  const { group, message } = await from.encrypt(device.signer, utf8("text"), utf8("data"));
  const { group: reader, received } = await to.receive(message, acceptAll);
  return { sender: group, reader, received, message };
}

describe.each(suites)("a group of suite %i", (suite) => {
  it("lets each device read what the other one writes", async () => {
    const { devices, groups } = await groupOf(2, suite);
    expectAgreement(groups);
    for (const [from, to] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const { received } = await exchange(groups[from]!, devices[from]!, groups[to]!);
      expect(received).toEqual({
        kind: "application",
        data: utf8("text"),
        authenticatedData: utf8("data"),
        sender: {
          index: from,
          identity: devices[from]!.identity,
          signatureKey: devices[from]!.signer.publicKey,
        },
      });
    }
  });

  it("is the same after export and import", async () => {
    const { devices, groups } = await groupOf(3, suite);
    const commit = await groups[0]!.commit(devices[0]!.signer, {}, none, acceptAll);
    const next = (await groups[1]!.receive(commit.message, acceptAll)).group;
    const state = next.export();
    const imported = await Group.import(state);
    expect(imported.export()).toEqual(state);
    expectAgreement([imported, next, commit.group]);
    expect(imported.suite).toBe(suite);
    expect(imported.ownLeaf.index).toBe(1);
    await exchange(commit.group, devices[0]!, imported);
    await exchange(groups[0]!, devices[0]!, imported);
  });

  it("lets a device join by an external commit, and rejoin with the same leaf", async () => {
    const { devices, groups } = await groupOf(2, suite);
    const late = new TestDevice(7);
    const { groupInfo } = await groups[0]!.commit(devices[0]!.signer, {}, none, acceptAll);
    await expect(
      groups[1]!.receive(
        (await Group.joinExternally(late.signer, groupInfo, late.identity, none, acceptAll))
          .message,
        acceptAll,
      ),
    ).rejects.toMatchObject({ code: "ERR_FROM_FUTURE" });
    const update = await groups[0]!.commit(devices[0]!.signer, {}, none, acceptAll);
    let other = (await groups[1]!.receive(update.message, acceptAll)).group;
    let joined = await Group.joinExternally(
      late.signer,
      update.groupInfo,
      late.identity,
      utf8("data"),
      acceptAll,
    );
    const { group, received } = await other.receive(joined.message, acceptAll);
    expect(received).toEqual({
      kind: "commit",
      change: {
        kind: "commit",
        by: { identity: late.identity, signatureKey: late.signer.publicKey },
        added: [],
        removed: [],
        others: [],
        authenticatedData: utf8("data"),
      },
    });
    other = group;
    expectAgreement([joined.group, other]);
    expect(other.roster).toHaveLength(3);

    const { index } = joined.group.ownLeaf;
    joined = await Group.joinExternally(
      late.signer,
      joined.groupInfo,
      late.identity,
      none,
      acceptAll,
    );
    const again = await other.receive(joined.message, acceptAll);
    expectAgreement([joined.group, again.group]);
    expect(joined.group.roster).toHaveLength(3);
    expect(joined.group.ownLeaf.index).toBe(index);
    await exchange(joined.group, late, again.group);
  });
});

describe("a group", () => {
  it("tells a removed device that it was removed, and keeps it from reading and writing", async () => {
    const { devices, groups } = await groupOf(3);
    const { group, message } = await groups[0]!.commit(
      devices[0]!.signer,
      { remove: [2] },
      none,
      acceptAll,
    );
    const { received, group: removed } = await groups[2]!.receive(message, acceptAll);
    expect(received).toMatchObject({ kind: "removed", change: { removed: [{ index: 2 }] } });
    expect(removed.isActive).toBe(false);
    await expect(removed.encrypt(devices[2]!.signer, none, none)).rejects.toMatchObject({
      code: "ERR_STOPPED",
    });
    const later = await group.encrypt(devices[0]!.signer, utf8("text"), none);
    await expect(removed.receive(later.message, acceptAll)).rejects.toMatchObject({
      code: "ERR_FROM_FUTURE",
    });
    expect(group.roster.map(({ index }) => index)).toEqual([0, 1]);
  });

  it("tells a removed device so if the same commit adds a device at its leaf", async () => {
    const { devices, groups } = await groupOf(2);
    const added = new TestDevice(9);
    const { publish, keep } = await added.keyPackage();
    const changes = { remove: [1], add: [publish] };
    const { message, welcome, group } = await groups[0]!.commit(
      devices[0]!.signer,
      changes,
      none,
      acceptAll,
    );
    const { received } = await groups[1]!.receive(message, acceptAll);
    expect(received.kind).toBe("removed");
    const joined = (await Group.join(welcome!, [keep], acceptAll)).group;
    expect(joined.ownLeaf.index).toBe(1);
    expectAgreement([group, joined]);
  });

  it("lets a device leave by a proposal, which another device commits", async () => {
    const { devices, groups } = await groupOf(3);
    const leave = await groups[2]!.propose(devices[2]!.signer, 2, none);
    const [zero, one] = await Promise.all(
      [groups[0]!, groups[1]!].map((group) => group.receive(leave.message, acceptAll)),
    );
    expect(zero!.received).toMatchObject({ kind: "proposal", change: { by: { index: 2 } } });
    const commit = await zero!.group.commit(devices[0]!.signer, {}, none, acceptAll);
    const { received, group } = await one!.group.receive(commit.message, acceptAll);
    expect(received).toMatchObject({ kind: "commit", change: { removed: [{ index: 2 }] } });
    expectAgreement([commit.group, group]);
    expect((await leave.group.receive(commit.message, acceptAll)).received.kind).toBe("removed");
  });

  it("lets a device whose commit lost drop it, and read the other one", async () => {
    const { devices, groups } = await groupOf(3);
    const [lost, won] = await Promise.all(
      [0, 1].map((at) => groups[at]!.commit(devices[at]!.signer, {}, none, acceptAll)),
    );
    const next = (await groups[0]!.receive(won!.message, acceptAll)).group;
    expectAgreement([won!.group, next]);
    await expect(next.receive(lost!.message, acceptAll)).rejects.toMatchObject({
      code: "ERR_EXPIRED",
    });
    const again = await next.commit(devices[0]!.signer, {}, none, acceptAll);
    expectAgreement([again.group, (await won!.group.receive(again.message, acceptAll)).group]);
  });

  it("reads each message once", async () => {
    const { devices, groups } = await groupOf(2);
    const { reader, message } = await exchange(groups[0]!, devices[0]!, groups[1]!);
    for (const group of [reader, await Group.import(reader.export())]) {
      await expect(group.receive(message, acceptAll)).rejects.toMatchObject({
        code: "ERR_REPLAYED",
      });
    }
  });

  it("reads messages of the last 8 epochs, and none of an older one", async () => {
    const { devices, groups } = await groupOf(2);
    let [writer, reader] = groups as [Group, Group];
    const messages = [];
    for (let epoch = 0; epoch < 10; epoch++) {
      const sent = await writer.encrypt(devices[0]!.signer, Uint8Array.of(epoch), none);
      messages.push(sent.message);
      const commit = await sent.group.commit(devices[0]!.signer, {}, none, acceptAll);
      writer = commit.group;
      reader = (await reader.receive(commit.message, acceptAll)).group;
    }
    reader = await Group.import(reader.export());
    for (const [epoch, message] of messages.entries()) {
      const read = reader.receive(message, acceptAll);
      if (epoch >= 2) {
        await expect(read).resolves.toMatchObject({ received: { data: Uint8Array.of(epoch) } });
      } else {
        await expect(read).rejects.toMatchObject({ code: "ERR_EXPIRED" });
      }
    }
  });

  it("reads a message that is 256 behind, or 1,024 ahead, and none beyond", async () => {
    const { devices, groups } = await groupOf(2);
    let writer = groups[0]!;
    const messages: Uint8Array[] = [];
    for (let generation = 0; generation <= 1025; generation++) {
      const sent = await writer.encrypt(devices[0]!.signer, none, none);
      messages.push(sent.message);
      writer = sent.group;
    }
    await expect(groups[1]!.receive(messages[1025]!, acceptAll)).rejects.toMatchObject({
      code: "ERR_FROM_FUTURE",
    });
    const { group } = await groups[1]!.receive(messages[1024]!, acceptAll);
    await expect(group.receive(messages[1024 - 256]!, acceptAll)).resolves.toBeDefined();
    await expect(group.receive(messages[1024 - 257]!, acceptAll)).rejects.toMatchObject({
      code: "ERR_REPLAYED",
    });
  });

  it("asks for each credential, and adds and reads no device whose credential is rejected", async () => {
    const { devices, groups } = await groupOf(2);
    const added = new TestDevice(5);
    const { publish, keep } = await added.keyPackage();
    const strict: Rules = {
      credential: (identity, key) =>
        encodeHex(identity) !== encodeHex(added.identity) ||
        encodeHex(key) !== encodeHex(added.signer.publicKey),
      change: () => true,
    };
    const add = [publish];
    const commit = await groups[0]!.commit(devices[0]!.signer, { add }, none, acceptAll);
    for (const rejected of [
      groups[0]!.commit(devices[0]!.signer, { add }, none, strict),
      groups[1]!.receive(commit.message, strict),
      Group.join(commit.welcome!, [keep], strict),
      Group.joinExternally(new TestDevice(6).signer, commit.groupInfo, none, none, strict),
    ]) {
      await expect(rejected).rejects.toMatchObject({ code: "ERR_VERIFY" });
    }
    expectAgreement([commit.group, (await groups[1]!.receive(commit.message, acceptAll)).group]);
  });

  it("shows the caller a change before it is applied, and applies none that the caller rejects", async () => {
    const { devices, groups } = await groupOf(3);
    const { publish } = await new TestDevice(5).keyPackage();
    const changes: Change[] = [];
    const rules: Rules = {
      credential: () => true,
      change: (change) => changes.push(change) === 0,
    };
    const { message } = await groups[0]!.commit(
      devices[0]!.signer,
      { add: [publish], remove: [1] },
      utf8("data"),
      acceptAll,
    );
    await expect(groups[2]!.receive(message, rules)).rejects.toMatchObject({ code: "ERR_VERIFY" });
    expect(changes).toEqual([
      {
        kind: "commit",
        by: groups[0]!.ownLeaf,
        added: [
          {
            identity: new TestDevice(5).identity,
            signatureKey: new TestDevice(5).signer.publicKey,
          },
        ],
        removed: [groups[1]!.ownLeaf],
        others: [],
        authenticatedData: utf8("data"),
      },
    ]);
  });

  it("rejects a device that is added twice", async () => {
    const { devices, groups } = await groupOf(2);
    const { publish } = await devices[1]!.keyPackage();
    const add = [publish];
    await expect(
      groups[0]!.commit(devices[0]!.signer, { add }, none, acceptAll),
    ).rejects.toMatchObject({ code: "ERR_VERIFY" });
  });

  it("rejects a key package of another suite", async () => {
    const { devices, groups } = await groupOf(2);
    const { publish } = await new TestDevice(5).keyPackage(0xf00d);
    expect(readKeyPackage(publish)).toEqual({
      suite: 0xf00d,
      identity: new TestDevice(5).identity,
      signatureKey: new TestDevice(5).signer.publicKey,
    });
    await expect(
      groups[0]!.commit(devices[0]!.signer, { add: [publish] }, none, acceptAll),
    ).rejects.toMatchObject({ code: "ERR_VERIFY" });
  });

  it("sends only with the key of its own leaf", async () => {
    const { devices, groups } = await groupOf(2);
    await expect(groups[0]!.encrypt(devices[1]!.signer, none, none)).rejects.toMatchObject({
      code: "ERR_KEY",
    });
  });

  it("rejects a message of another group with the same devices", async () => {
    const { devices, groups } = await groupOf(2);
    const other = await groupOf(2);
    const { message } = await groups[0]!.encrypt(devices[0]!.signer, none, none);
    await expect(other.groups[1]!.receive(message, acceptAll)).rejects.toMatchObject({
      code: "ERR_DECRYPT",
    });
    const [device] = devices;
    const named = await Group.create(device!.signer, {
      suite: 1,
      groupId: utf8("another"),
      identity: device!.identity,
    });
    await expect(named.receive(message, acceptAll)).rejects.toMatchObject({ code: "ERR_VERIFY" });
  });

  it("shows the clear header of a message, which decides nothing if it is changed", async () => {
    const { devices, groups } = await groupOf(2);
    const { message } = await groups[0]!.encrypt(devices[0]!.signer, none, utf8("data"));
    expect(readHeader(message)).toEqual({
      groupId: utf8("a group"),
      epoch: 1n,
      contentType: "application",
      authenticatedData: utf8("data"),
    });
    const changed = message.slice();
    changed[changed.indexOf(utf8("d")[0]!, 20)]! ^= 1;
    await expect(groups[1]!.receive(changed, acceptAll)).rejects.toMatchObject({
      code: "ERR_DECRYPT",
    });
  });

  it("encrypts messages up to 720,000 bytes", async () => {
    const { devices, groups } = await groupOf(2);
    const overhead = (await groups[0]!.encrypt(devices[0]!.signer, new Uint8Array(70_000), none))
      .message.length;
    const longest = new Uint8Array(70_000 + MAX_CONTENT_BYTES - overhead);
    const { message } = await groups[0]!.encrypt(devices[0]!.signer, longest, none);
    expect(message).toHaveLength(MAX_CONTENT_BYTES);
    await expect(groups[1]!.receive(message, acceptAll)).resolves.toBeDefined();
    await expect(
      groups[0]!.encrypt(devices[0]!.signer, new Uint8Array(longest.length + 1), none),
    ).rejects.toMatchObject({ code: "ERR_BOUND_EXCEEDED" });
  });

  it("overwrites used secrets on request, and then does not send with them", async () => {
    const { devices, groups } = await groupOf(2);
    const [{ signer }, before] = [devices[0]!, groups[0]!];
    const { group } = await before.encrypt(signer, none, none);
    const received = await before.receive(
      (await groups[1]!.encrypt(devices[1]!.signer, none, none)).message,
      acceptAll,
    );
    group.eraseConsumed();
    const stored = await Group.import(before.export());
    for (const erased of [before, received.group, stored]) {
      for (const send of [
        () => erased.encrypt(signer, none, none),
        () => erased.propose(signer, 0, none),
        () => erased.commit(signer, {}, none, acceptAll),
      ]) {
        await expect(send()).rejects.toMatchObject({ code: "ERR_KEY" });
      }
    }
    await exchange(group, devices[0]!, groups[1]!);
  });

  it("finds the key package that a welcome is for", async () => {
    const [first, second] = [new TestDevice(0), new TestDevice(1)];
    const packages = [
      ...(await makeKeyPackages(second.signer, second.identity, 0xf00d, 1)),
      ...(await makeKeyPackages(second.signer, second.identity, 1, 3)),
    ];
    const keeps = packages.map(({ keep }) => keep);
    const add = [packages[2]!.publish];
    const { welcome } = await (await first.create()).commit(first.signer, { add }, none, acceptAll);
    expect((await Group.join(welcome!, keeps, acceptAll)).used).toBe(2);
    await expect(Group.join(welcome!, keeps.slice(0, 2), acceptAll)).rejects.toMatchObject({
      code: "ERR_DECRYPT",
    });
  });
});
