import type { KeyPackage } from "ts-mls/keyPackage.js";
import { decodeMlsMessage, encodeMlsMessage } from "ts-mls/message.js";
import { encodeRatchetTree, type RatchetTree } from "ts-mls/ratchetTree.js";
import { describe, expect, it } from "vitest";
import { LacreError } from "../../src/errors.js";
import { Group, readGroupInfo, readKeyPackage } from "../../src/mls/engine.js";
import { checkTree } from "../../src/mls/engine-checks.js";
import { acceptAll, expectAgreement, groupOf, none, TestDevice } from "../support/mls.js";
import {
  added,
  type HostileContent,
  type HostileOptions,
  hostileMessage,
  signedAgain,
  stateOf,
} from "../support/mls-hostile.js";

const NAME = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519" as const;

/** Returns functions that receive a message of device 0 in the group of device 1. */
async function pair() {
  const { devices, groups } = await groupOf(2);
  const [writer, reader] = groups as [Group, Group];
  const { signer } = devices[0]!;
  return {
    writer,
    writerSigner: signer,
    reader,
    readerSigner: devices[1]!.signer,
    receive: async (content: HostileContent, options: HostileOptions = {}, rules = acceptAll) => {
      const message = await hostileMessage(writer, signer, content, options);
      return reader.receive(message, rules);
    },
  };
}

describe("several additions or updates that are invalid", () => {
  // Each of them rejects a promise of ts-mls. One without a handler ends the process of Node, and fails the run of vitest.
  const wrong = new Uint8Array(64);

  it("make a commit invalid, and cause no unhandled rejection", async () => {
    const { receive } = await pair();
    const proposals = [];
    for (const number of [5, 6, 7]) {
      const keyPackage = await added(new TestDevice(number));
      const add = { keyPackage: { ...keyPackage, signature: wrong } };
      const proposal = { proposalType: "add" as const, add };
      proposals.push({ proposalOrRefType: "proposal" as const, proposal });
    }
    const content = { contentType: "commit" as const, commit: { proposals, path: undefined } };
    await expect(receive(content)).rejects.toMatchObject({ code: "ERR_VERIFY" });
  });

  it("make an own commit fail, and cause no unhandled rejection", async () => {
    const { reader, readerSigner } = await pair();
    const add = [];
    for (const number of [5, 6, 7]) {
      const { publish } = await new TestDevice(number).keyPackage();
      publish.fill(0, -64);
      add.push(publish);
    }
    await expect(reader.commit(readerSigner, { add }, none, acceptAll)).rejects.toMatchObject({
      code: "ERR_VERIFY",
    });
  });

  it("that were proposed make a commit invalid, and cause no unhandled rejection", async () => {
    const { devices, groups } = await groupOf(4);
    let [reader] = groups as [Group];
    const proposals = [];
    for (const at of [1, 2]) {
      const { signer } = devices[at]!;
      const leafNode = (await added(devices[at]!)).leafNode;
      const update = { leafNode: { ...leafNode, leafNodeSource: "update" as const } };
      const proposal = { proposalType: "update" as const, update };
      const content = { contentType: "proposal" as const, proposal };
      const message = await hostileMessage(groups[at]!, signer, content);
      ({ group: reader } = await reader.receive(message, acceptAll));
      proposals.push(proposal);
    }
    await expect(reader.commit(devices[0]!.signer, {}, none, acceptAll)).rejects.toMatchObject({
      code: "ERR_VERIFY",
    });
  });
});

describe("a commit of this device", () => {
  it("includes one removal of each other device, however often it was proposed", async () => {
    const { devices, groups } = await groupOf(4);
    let [own, leaver, reader] = groups as [Group, Group, Group];
    for (const removed of [1, 1, 3, 0]) {
      const step = await leaver.propose(devices[1]!.signer, removed, none);
      leaver = step.group;
      ({ group: own } = await own.receive(step.message, acceptAll));
      ({ group: reader } = await reader.receive(step.message, acceptAll));
    }
    const { signer } = devices[0]!;
    const commit = await own.commit(signer, { remove: [3] }, none, acceptAll);
    const { group, received } = await reader.receive(commit.message, acceptAll);
    expect(received).toMatchObject({ change: { removed: [{ index: 1 }, { index: 3 }] } });
    expectAgreement([group, commit.group]);
  });
});

/** Returns whether `read` accepts something. Otherwise it must throw a LacreError. */
async function isAccepted(read: () => unknown): Promise<boolean> {
  try {
    await read();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(LacreError);
    return false;
  }
}

/** Changes a leaf node, and signs it again. */
type Change = (leaf: KeyPackage["leafNode"]) => KeyPackage["leafNode"];

/** Numbers for private use (RFC 9420, section 17). */
const types = (count: number) => Array.from({ length: count }, (_, at) => 0xf000 + at);
const extensions = (count: number) =>
  types(count).map((extensionType) => ({ extensionType, extensionData: none }));
const withTypes = (capabilities: KeyPackage["leafNode"]["capabilities"], count: number) => ({
  ...capabilities,
  extensions: types(count),
});
const lists: [name: string, change: (count: number) => Change][] = [
  [
    "extensions",
    (count) => (leaf) => ({
      ...leaf,
      extensions: extensions(count),
      capabilities: withTypes(leaf.capabilities, 256),
    }),
  ],
  [
    "types of extensions",
    (count) => (leaf) => ({ ...leaf, capabilities: withTypes(leaf.capabilities, count) }),
  ],
  [
    "types of proposals",
    (count) => (leaf) => ({
      ...leaf,
      capabilities: { ...leaf.capabilities, proposals: types(count) },
    }),
  ],
];

describe("a key package", () => {
  const device = new TestDevice(5);
  const encoded = async (change: Change, ofPackage: Partial<KeyPackage> = {}) => {
    const keyPackage = { ...(await signedAgain(device, change)), ...ofPackage };
    return encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage });
  };
  const isAdded = async (publish: Uint8Array) => {
    const { reader, readerSigner } = await pair();
    const read = await isAccepted(() => readKeyPackage(publish));
    const changes = { add: [publish] };
    const commit = () => reader.commit(readerSigner, changes, none, acceptAll);
    expect(await isAccepted(commit)).toBe(read);
    return read;
  };

  it.each(lists)("has at most 256 %s", async (_, change) => {
    expect(await isAdded(await encoded(change(256)))).toBe(true);
    expect(await isAdded(await encoded(change(257)))).toBe(false);
  });

  it("has at most 256 extensions of its own", async () => {
    const same: Change = (leaf) => leaf;
    const made = async (count: number) => encoded(same, { extensions: extensions(count) });
    expect(await isAccepted(async () => readKeyPackage(await made(256)))).toBe(true);
    expect(await isAccepted(async () => readKeyPackage(await made(257)))).toBe(false);
  });

  it("is valid without end, so that no clock decides about it", async () => {
    const end = 2n ** 64n - 1n;
    const lifetime = (notBefore: bigint, notAfter: bigint): Change => {
      return (leaf) => ({ ...leaf, lifetime: { notBefore, notAfter } }) as typeof leaf;
    };
    expect(await isAdded(await encoded(lifetime(0n, end)))).toBe(true);
    expect(await isAdded(await encoded(lifetime(1n, end)))).toBe(false);
    expect(await isAdded(await encoded(lifetime(0n, end - 1n)))).toBe(false);
  });
});

describe("a received commit or proposal", () => {
  it.each(lists)("adds devices with at most 256 %s", async (_, change) => {
    const { receive } = await pair();
    const isReceived = async (count: number) => {
      const keyPackage = await signedAgain(new TestDevice(5), change(count));
      const proposal = { proposalType: "add" as const, add: { keyPackage } };
      return isAccepted(() => receive({ contentType: "proposal", proposal }));
    };
    expect(await isReceived(256)).toBe(true);
    expect(await isReceived(257)).toBe(false);
  });

  it("adds key packages that are valid without end only", async () => {
    const { receive } = await pair();
    const isReceived = async (notAfter: bigint) => {
      const change: Change = (leaf) => ({ ...leaf, lifetime: { notBefore: 0n, notAfter } });
      const keyPackage = await signedAgain(new TestDevice(5), change);
      const proposal = { proposalType: "add" as const, add: { keyPackage } };
      return isAccepted(() => receive({ contentType: "proposal", proposal }));
    };
    expect(await isReceived(2n ** 64n - 1n)).toBe(true);
    expect(await isReceived(2n ** 64n - 2n)).toBe(false);
  });

  it("updates a device to at most 256 extensions", async () => {
    const { receive } = await pair();
    const isReceived = async (count: number) => {
      const { leafNode } = await added(new TestDevice(0));
      const update = {
        leafNode: {
          ...leafNode,
          leafNodeSource: "update" as const,
          extensions: extensions(count),
        },
      };
      const proposal = { proposalType: "update" as const, update };
      return isAccepted(() => receive({ contentType: "proposal", proposal }));
    };
    expect(await isReceived(256)).toBe(true);
    expect(await isReceived(257)).toBe(false);
  });

  it("has at most 256 extensions of the group, or of its successor", async () => {
    const { receive } = await pair();
    const isReceived = async (count: number) => {
      const list = extensions(count);
      const groupContext = {
        proposalType: "group_context_extensions" as const,
        groupContextExtensions: { extensions: list },
      };
      const successor = { groupId: none, version: "mls10" as const, cipherSuite: NAME };
      const reinit = {
        proposalType: "reinit" as const,
        reinit: { ...successor, extensions: list },
      };
      const contents = [groupContext, reinit].map((proposal) => ({
        contentType: "proposal" as const,
        proposal,
      }));
      const accepted = [];
      for (const content of contents) accepted.push(await isAccepted(() => receive(content)));
      return accepted;
    };
    expect(await isReceived(256)).toEqual([true, true]);
    expect(await isReceived(257)).toEqual([false, false]);
  });

  it("is read up to 64 KiB if it is a public proposal", async () => {
    const { writer, writerSigner, reader } = await pair();
    const proposal = { proposalType: "remove" as const, remove: { removed: 0 } };
    const content = { contentType: "proposal" as const, proposal };
    const made = (length: number) => {
      const options = { isPublic: true, authenticatedData: new Uint8Array(length) };
      return hostileMessage(writer, writerSigner, content, options);
    };
    const overhead = (await made(60_000)).length - 60_000;
    const longest = await made(65_536 - overhead);
    expect(longest).toHaveLength(65_536);
    await expect(reader.receive(longest, acceptAll)).resolves.toBeDefined();
    const longer = await made(65_537 - overhead);
    await expect(reader.receive(longer, acceptAll)).rejects.toMatchObject({
      code: "ERR_BOUND_EXCEEDED",
    });
  });
});

describe("a ratchet tree", () => {
  const leaf = async (number: number, change: Change = (made) => made) => ({
    nodeType: "leaf" as const,
    leaf: await signedAgain(new TestDevice(number), change).then(({ leafNode }) => leafNode),
  });
  const parent = (unmergedLeaves: number[], hpkePublicKey = new Uint8Array(32).fill(1)) => ({
    nodeType: "parent" as const,
    parent: { hpkePublicKey, parentHash: none, unmergedLeaves },
  });
  const isValid = (tree: RatchetTree) => isAccepted(() => checkTree(tree));

  it("has its unmerged leaves in ascending order, once", async () => {
    const leaves = await Promise.all([0, 1, 2, 3].map((number) => leaf(number)));
    const withUnmerged = (...unmerged: number[]) =>
      isValid([
        ...[leaves[0], undefined, leaves[1], parent(unmerged)],
        ...[leaves[2], undefined, leaves[3]],
      ]);
    expect(await withUnmerged()).toBe(true);
    expect(await withUnmerged(1, 3)).toBe(true);
    expect(await withUnmerged(3, 1)).toBe(false);
    expect(await withUnmerged(1, 1)).toBe(false);
    expect(await withUnmerged(4)).toBe(false);
  });

  it.each(lists)("has leaves with at most 256 %s", async (_, change) => {
    expect(await isValid([await leaf(0, change(256))])).toBe(true);
    expect(await isValid([await leaf(0, change(257))])).toBe(false);
  });

  it("has at most 511 nodes, also behind a group info", async () => {
    const { writer, writerSigner } = await pair();
    const { groupInfo } = await writer.commit(writerSigner, {}, none, acceptAll);
    const [, length] = decodeMlsMessage(groupInfo, 0)!;
    const read = (nodes: number) => {
      const blank = Array.from({ length: 510 }, () => undefined);
      const [leaf] = stateOf(writer).ratchetTree;
      const beyond = Array.from({ length: nodes - 511 }, () => parent([]));
      const tree = encodeRatchetTree([...blank, leaf, ...beyond]);
      return readGroupInfo(Uint8Array.of(...groupInfo.subarray(0, length), ...tree));
    };
    expect(await isAccepted(() => read(511))).toBe(true);
    expect(await isAccepted(() => read(512))).toBe(false);
  });

  it("has a device in its right half", async () => {
    const { writer } = await pair();
    const [first, , second] = stateOf(writer).ratchetTree;
    expect(await isValid([first, parent([]), second])).toBe(true);
    expect(await isValid([first, parent([]), undefined])).toBe(false);
    expect(await isValid([first])).toBe(true);
  });
});

describe("pre-shared keys", () => {
  it("are at most 16 in a commit", async () => {
    const { receive, reader } = await pair();
    const { groupId: pskGroupId, epoch: pskEpoch } = reader;
    const kinds: string[] = [];
    const commit = (count: number) => {
      const proposals = Array.from({ length: count }, (_, at) => {
        const known = { psktype: "resumption" as const, usage: "application" as const };
        const preSharedKeyId = { ...known, pskGroupId, pskEpoch, pskNonce: Uint8Array.of(at) };
        const proposal = { proposalType: "psk" as const, psk: { preSharedKeyId } };
        return { proposalOrRefType: "proposal" as const, proposal };
      });
      const content = { contentType: "commit" as const, commit: { proposals, path: undefined } };
      const change = ({ others }: { others: readonly string[] }) => {
        kinds.push(...others);
        return false;
      };
      return isAccepted(() => receive(content, {}, { ...acceptAll, change }));
    };
    // The confirmation tag is wrong. Rules are asked about a commit within the bounds only.
    expect(await commit(16)).toBe(false);
    expect(kinds).toHaveLength(16);
    expect(await commit(17)).toBe(false);
    expect(kinds).toHaveLength(16);
  });
});

describe("a welcome", () => {
  it("has secrets for at most 512 devices", async () => {
    const made = (count: number) => {
      const secret = {
        newMember: none,
        encryptedGroupSecrets: { kemOutput: none, ciphertext: none },
      };
      const secrets = Array.from({ length: count }, () => secret);
      const welcome = { cipherSuite: NAME, secrets, encryptedGroupInfo: none };
      return encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome });
    };
    const { keep } = await new TestDevice(1).keyPackage();
    const join = (count: number) => Group.join(made(count), [keep], acceptAll);
    await expect(join(512)).rejects.toMatchObject({ code: "ERR_DECRYPT" });
    await expect(join(513)).rejects.toMatchObject({ code: "ERR_MALFORMED" });
  });
});

describe("a public commit", () => {
  it("has at most 512 proposals", async () => {
    const { receive } = await pair();
    const commit = (count: number) => {
      const proposal = { proposalType: "remove" as const, remove: { removed: 1 } };
      const item = { proposalOrRefType: "proposal" as const, proposal };
      const proposals = Array.from({ length: count }, () => item);
      const content = { contentType: "commit" as const, commit: { proposals, path: undefined } };
      return receive(content, { isPublic: true });
    };
    await expect(commit(512)).resolves.toMatchObject({ received: { kind: "removed" } });
    await expect(commit(513)).rejects.toMatchObject({ code: "ERR_MALFORMED" });
  });
});
