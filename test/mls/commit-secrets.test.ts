// RFC 9420, sections 7.4 and 12.4.1: the commit secret follows the path secret of the path's last node, or of the leaf.
import { deriveSecret } from "ts-mls/crypto/kdf.js";
import { initializeEpoch } from "ts-mls/keySchedule.js";
import { decodeMlsMessage } from "ts-mls/message.js";
import { directPath, leafToNodeIndex, leafWidth, toLeafIndex } from "ts-mls/treemath.js";
import { describe, expect, it, vi } from "vitest";
import { encodeHex } from "../../src/bytes.js";
import { Group } from "../../src/mls/engine.js";
import { algorithmsOf } from "../../src/mls/engine-crypto.js";
import {
  acceptAll,
  expectAgreement,
  groupOf,
  none,
  suites,
  TestDevice,
  utf8,
} from "../support/mls.js";
import { stateOf } from "../support/mls-hostile.js";

const alone = new TestDevice(0);

/** Returns the authenticator of an epoch, from its public context and two secrets (RFC 9420, section 8). */
async function computed(initSecret: Uint8Array, commitSecret: Uint8Array, after: Group) {
  const { kdf } = algorithmsOf(after.suite);
  const { groupContext } = stateOf(after);
  const psk = new Uint8Array(kdf.size);
  const epoch = await initializeEpoch(initSecret, commitSecret, groupContext, psk, kdf);
  return encodeHex(epoch.keySchedule.epochAuthenticator);
}

/** Returns the authenticator that someone computes who guesses that the commit secret is zeros. */
const guessed = (initSecret: Uint8Array, after: Group) =>
  computed(initSecret, new Uint8Array(algorithmsOf(after.suite).kdf.size), after);

const authenticator = (group: Group) => encodeHex(group.authenticator);

/**
 * Commits changes, and returns whether the authenticator of the epoch is the one that RFC 9420 gives for a path of `nodes` nodes, with
 * one of the random values that the device drew as the path secret of its leaf.
 */
async function computedBy(
  { signer }: TestDevice,
  group: Group,
  changes: Parameters<Group["commit"]>[1],
  nodes: number,
): Promise<boolean> {
  const random = vi.spyOn(crypto, "getRandomValues");
  const commit = await group.commit(signer, changes, none, acceptAll);
  const values = random.mock.results.map(({ value }) => (value as Uint8Array).slice());
  random.mockRestore();
  const { ratchetTree } = stateOf(commit.group);
  const leaf = leafToNodeIndex(toLeafIndex(group.ownLeaf.index));
  const path = directPath(leaf, leafWidth(ratchetTree.length));
  expect(path.filter((node) => ratchetTree[node] !== undefined)).toHaveLength(nodes);
  const { kdf } = algorithmsOf(group.suite);
  const { initSecret } = stateOf(group).keySchedule;
  const expected = [];
  for (const value of values.filter(({ length }) => length === kdf.size)) {
    let secret: Uint8Array = value;
    for (let node = 0; node <= nodes; node++) secret = await deriveSecret(secret, "path", kdf);
    expected.push(await computed(initSecret, secret, commit.group));
  }
  return expected.includes(authenticator(commit.group));
}

/** Returns the secret that an external commit passes on, from the secrets of the epoch before it (RFC 9420, section 8.3). */
async function initSecretOf(before: Group, commit: Uint8Array): Promise<Uint8Array> {
  const [message] = decodeMlsMessage(commit, 0)!;
  if (message.wireformat !== "mls_public_message") throw new Error("not an external commit");
  const { content } = message.publicMessage;
  if (content.contentType !== "commit") throw new Error("not a commit");
  const proposals = content.commit.proposals.map((one) => "proposal" in one && one.proposal);
  const init = proposals.find((one) => one && "externalInit" in one);
  if (!init || !("externalInit" in init)) throw new Error("no external init");
  const { hpke, kdf } = algorithmsOf(before.suite);
  const { privateKey } = await hpke.deriveKeyPair(stateOf(before).keySchedule.externalSecret);
  const label = new TextEncoder().encode("MLS 1.0 external init secret");
  return hpke.importSecret(privateKey, label, init.externalInit.kemOutput, kdf.size, none);
}

describe.each(suites)("a group of suite %i with one device", (suite) => {
  it("has secrets that the removed device cannot compute", async () => {
    const { devices, groups } = await groupOf(2, suite);
    const { signer } = devices[0]!;
    const { initSecret } = stateOf(groups[1]!).keySchedule;
    const added = await groups[0]!.commit(
      signer,
      { add: [(await new TestDevice(5).keyPackage(suite)).publish] },
      none,
      acceptAll,
    );
    // Without a path the commit secret is zeros. All members of the epoch before can follow.
    expect(await guessed(initSecret, added.group)).toBe(authenticator(added.group));
    const { group } = await groups[0]!.commit(signer, { remove: [1] }, none, acceptAll);
    expect(group.roster).toHaveLength(1);
    expect(await guessed(initSecret, group)).not.toBe(authenticator(group));
  });

  it("has secrets after an update that a copy from before it cannot compute", async () => {
    const stolen = await alone.create(suite);
    const { group } = await stolen.commit(alone.signer, {}, none, acceptAll);
    const { initSecret } = stateOf(stolen).keySchedule;
    expect(await guessed(initSecret, group)).not.toBe(authenticator(group));
  });

  it.each([0, 1, 2])(
    "lets the device at leaf %i join again, with secrets that a copy from before it cannot compute",
    async (leaf) => {
      const { devices, groups } = await groupOf(leaf + 1, suite);
      const { signer, identity } = devices[leaf]!;
      const remove = [0, 1].slice(0, leaf);
      const before = await groups[leaf]!.commit(signer, { remove }, none, acceptAll);
      expect(before.group.ownLeaf.index).toBe(leaf);
      const joined = await Group.joinExternally(
        signer,
        before.groupInfo,
        identity,
        none,
        acceptAll,
      );
      expect(joined.group.roster).toEqual([{ ...before.group.ownLeaf, index: 0 }]);
      expect(stateOf(joined.group).ratchetTree).toHaveLength(1);
      expect(joined.group.epoch).toBe(before.group.epoch + 1n);
      const initSecret = await initSecretOf(before.group, joined.message);
      expect(await guessed(initSecret, joined.group)).not.toBe(authenticator(joined.group));
      const { received } = await before.group.receive(joined.message, acceptAll);
      expect(received).toMatchObject({ kind: "removed", change: { removed: [{ index: leaf }] } });

      // The group goes on as any other one.
      const { publish, keep } = await new TestDevice(9).keyPackage(suite);
      const { group, welcome } = await joined.group.commit(
        signer,
        { add: [publish] },
        none,
        acceptAll,
      );
      const other = await Group.join(welcome!, [keep], acceptAll);
      expectAgreement([group, other.group]);
      const { message } = await group.encrypt(signer, utf8("text"), none);
      expect((await other.group.receive(message, acceptAll)).received).toMatchObject({
        data: utf8("text"),
      });
    },
  );
});

it.each([
  // Devices, who commits, which ones are removed, and the nodes of the path.
  [1, 0, [], 0],
  [2, 1, [0], 0],
  [2, 0, [], 1],
  [4, 3, [0, 1, 2], 0],
  [4, 2, [0, 1], 1],
  [4, 2, [0], 2],
  [5, 4, [0, 1, 2, 3], 0],
  [5, 4, [0, 1, 3], 1],
  [8, 6, [0, 1, 2, 3, 4, 5], 1],
  [8, 5, [0, 1, 2, 3], 2],
  [8, 5, [0, 1, 2, 3, 7], 2],
  [8, 5, [0, 1, 4, 6, 7], 1],
  [8, 2, [0, 1, 4, 5, 6, 7], 1],
  [8, 1, [4, 5, 6], 3],
])(
  "of %i devices, number %i commits the removal of %j by a path of %i nodes",
  async (count, by, remove, nodes) => {
    const { devices, groups } = await groupOf(count);
    expect(await computedBy(devices[by]!, groups[by]!, { remove }, nodes)).toBe(true);
    const commit = await groups[by]!.commit(devices[by]!.signer, { remove }, none, acceptAll);

    const others = groups.filter((_, at) => at !== by && !(remove as number[]).includes(at));
    const followed = [];
    for (const other of others) {
      followed.push((await other.receive(commit.message, acceptAll)).group);
    }
    expectAgreement([commit.group, ...followed]);
  },
);

describe("a commit that leaves the left half of the tree blank", () => {
  it("may include a removal that was proposed before", async () => {
    const { devices, groups } = await groupOf(4);
    const proposed = await groups[3]!.propose(devices[3]!.signer, 0, none);
    const reader = proposed.group;
    const writer = (await groups[2]!.receive(proposed.message, acceptAll)).group;
    const commit = await writer.commit(devices[2]!.signer, { remove: [1] }, none, acceptAll);
    expect(commit.group.roster.map(({ index }) => index)).toEqual([2, 3]);
    expectAgreement([commit.group, (await reader.receive(commit.message, acceptAll)).group]);
    expect(await computedBy(devices[2]!, writer, { remove: [1] }, 1)).toBe(true);
  });

  it("has a path to the root if it adds a device", async () => {
    const { devices, groups } = await groupOf(4);
    const { publish, keep } = await new TestDevice(9).keyPackage();
    const changes = { remove: [0, 1], add: [publish] };
    const commit = await groups[2]!.commit(devices[2]!.signer, changes, none, acceptAll);
    const joined = await Group.join(commit.welcome!, [keep], acceptAll);
    const reader = await groups[3]!.receive(commit.message, acceptAll);
    expectAgreement([commit.group, joined.group, reader.group]);
    expect(await computedBy(devices[2]!, groups[2]!, changes, 2)).toBe(true);
  });

  it("is followed by an external commit, whose path reaches the root", async () => {
    const { devices, groups } = await groupOf(4);
    const changes = { remove: [0, 1] };
    const before = await groups[2]!.commit(devices[2]!.signer, changes, none, acceptAll);
    const reader = (await groups[3]!.receive(before.message, acceptAll)).group;
    const { signer, identity } = new TestDevice(9);
    const joined = await Group.joinExternally(signer, before.groupInfo, identity, none, acceptAll);
    const followed = [before.group, reader].map((one) => one.receive(joined.message, acceptAll));
    expectAgreement([joined.group, ...(await Promise.all(followed)).map(({ group }) => group)]);
  });
});

it.each([0, 1, 2, 3, 4, 7])(
  "a new device joins by itself when only leaf %i is left",
  async (leaf) => {
    const { devices, groups } = await groupOf(leaf + 1);
    const remove = Array.from({ length: leaf }, (_, at) => at);
    const before = await groups[leaf]!.commit(devices[leaf]!.signer, { remove }, none, acceptAll);
    const { signer, identity } = new TestDevice(40);
    const joined = await Group.joinExternally(signer, before.groupInfo, identity, none, acceptAll);
    expect(joined.group.roster).toHaveLength(2);
    const { group } = await before.group.receive(joined.message, acceptAll);
    expectAgreement([group, joined.group]);
  },
);

it("no private key of a node stays after the node is blank", async () => {
  const { devices, groups } = await groupOf(4);
  let members = new Map(groups.map((group, at) => [at, group]));
  for (const [by, removed] of [[1], [3], [2, 1], [0], [2]] as const) {
    const remove = removed === undefined ? [] : [removed];
    const step = await members.get(by!)!.commit(devices[by!]!.signer, { remove }, none, acceptAll);
    members.delete(removed!);
    const next = [...members].map(async ([at, group]): Promise<[number, Group]> => {
      if (at === by) return [at, step.group];
      return [at, (await group.receive(step.message, acceptAll)).group];
    });
    members = new Map(await Promise.all(next));
    for (const group of members.values()) {
      const { ratchetTree, privatePath } = stateOf(group);
      const keys = Object.keys(privatePath.privateKeys).map(Number);
      expect(keys.filter((at) => ratchetTree[at] === undefined)).toEqual([]);
    }
  }
});
