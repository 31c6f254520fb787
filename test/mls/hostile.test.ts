import type { KeyPackage } from "ts-mls/keyPackage.js";
import { beforeAll, describe, expect, it } from "vitest";
import { LacreError } from "../../src/errors.js";
import {
  Group,
  MAX_HANDSHAKE_BYTES,
  MAX_LEAVES,
  MAX_MESSAGE_BYTES,
  readHeader,
  readKeyPackage,
} from "../../src/mls/engine.js";
import { changeOf } from "../../src/mls/engine-receive.js";
import { detach } from "../support/byte-arrays.js";
import { counting } from "../support/hex.js";
import { acceptAll, groupOf, none, TestDevice } from "../support/mls.js";
import { signedAgain } from "../support/mls-hostile.js";
import { Random } from "../support/random.js";
import { runs } from "../support/runs.js";

/** Each function that takes bytes, with bytes that it accepts. */
type Entry = [name: string, valid: Uint8Array, read: (bytes: Uint8Array) => unknown];
let entries: Entry[];

beforeAll(async () => {
  const { devices, groups } = await groupOf(2);
  const [writer, reader] = groups as [Group, Group];
  const { signer } = devices[0]!;
  const added = new TestDevice(5);
  const { publish, keep } = await added.keyPackage();
  const text = await writer.encrypt(signer, none, none);
  const leave = await writer.propose(signer, 0, none);
  const commit = await writer.commit(signer, { add: [publish] }, none, acceptAll);
  const update = await writer.commit(signer, {}, none, acceptAll);
  const { groupInfo } = commit;
  const late = new TestDevice(6);
  const current = commit.group;
  const external = await Group.joinExternally(
    late.signer,
    groupInfo,
    late.identity,
    none,
    acceptAll,
  );
  const receive = (bytes: Uint8Array) => reader.receive(bytes, acceptAll);
  entries = [
    ["a text", text.message, receive],
    ["a proposal", leave.message, receive],
    ["a commit", commit.message, receive],
    ["a commit with new keys", update.message, receive],
    ["an external commit", external.message, (bytes) => current.receive(bytes, acceptAll)],
    ["a header", text.message, readHeader],
    ["a key package", publish, readKeyPackage],
    [
      "a key package to add",
      publish,
      (bytes) => writer.commit(signer, { add: [bytes] }, none, acceptAll),
    ],
    ["a welcome", commit.welcome!, (bytes) => Group.join(bytes, [keep], acceptAll)],
    ["a kept key package", keep, (bytes) => Group.join(commit.welcome!, [bytes], acceptAll)],
    [
      "a group info",
      groupInfo,
      (bytes) => Group.joinExternally(late.signer, bytes, late.identity, none, acceptAll),
    ],
    ["a state", reader.export(), readState],
  ];
});

/** Imports a state, and reads all that it says. */
async function readState(bytes: Uint8Array): Promise<void> {
  const group = await Group.import(bytes);
  const { groupId, epoch, authenticator, roster, ownLeaf, isActive } = group;
  expect([groupId, epoch, authenticator, roster, ownLeaf, isActive]).toHaveLength(6);
  expect(group.export()).toEqual(bytes);
}

/** Expects that a function returns, or throws a LacreError. Returns whether it returned. */
async function isAccepted(read: Entry[2], bytes: Uint8Array): Promise<boolean> {
  try {
    await read(bytes);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(LacreError);
    expect((error as Error).cause).toBeUndefined();
    return false;
  }
}

describe("hostile bytes", () => {
  it("are rejected with a LacreError if they end early or late", async () => {
    const random = new Random(1);
    for (const [name, valid, read] of entries) {
      expect(await isAccepted(read, valid), name).toBe(true);
      const lengths = [0, 1, 2, 3, 4, valid.length - 1];
      for (let run = 0; run < runs(100); run++) lengths.push(random.below(valid.length));
      for (const length of lengths) {
        expect(await isAccepted(read, valid.slice(0, length)), `${name}, ${length}`).toBe(false);
      }
      const longer = new Uint8Array(valid.length + 1);
      longer.set(valid);
      expect(await isAccepted(read, longer), name).toBe(false);
    }
  });

  it("are rejected with a LacreError if one bit of a message differs", async () => {
    const random = new Random(2);
    for (const [name, valid, read] of entries) {
      // These are not authenticated: a header and a key package are read only, the others come from the caller's own store.
      const isOpen = ["a header", "a key package", "a kept key package", "a state"].includes(name);
      for (let run = 0; run < runs(300); run++) {
        const at = random.below(valid.length);
        const bytes = valid.slice();
        bytes[at]! ^= 1 << random.below(8);
        const accepted = await isAccepted(read, bytes);
        if (!isOpen) expect(accepted, `${name}, byte ${at}`).toBe(false);
      }
    }
  });

  it("are rejected with a LacreError if they are random behind a valid start", async () => {
    const random = new Random(3);
    for (const [name, valid, read] of entries) {
      for (let run = 0; run < runs(100); run++) {
        const bytes = random.bytes(random.below(400));
        bytes.set(valid.subarray(0, random.below(Math.min(bytes.length, 60) + 1)));
        expect(await isAccepted(read, bytes), name).toBe(false);
      }
    }
  });

  it("are rejected with a LacreError if they are no bytes", async () => {
    const detached = new Uint8Array(4);
    detach(detached);
    for (const [name, , read] of entries) {
      for (const value of [undefined, null, "text", [1, 2], {}, new ArrayBuffer(4), detached]) {
        expect(await isAccepted(read, value as Uint8Array), name).toBe(false);
      }
    }
  });

  it("are rejected before they are decoded if they are too long", async () => {
    for (const [name, valid, read] of entries) {
      if (name === "a state") continue;
      const isSmall = /key package/.test(name);
      const bytes = new Uint8Array((isSmall ? MAX_MESSAGE_BYTES : MAX_HANDSHAKE_BYTES) + 1);
      bytes.set(valid);
      await expect((async () => read(bytes))(), name).rejects.toMatchObject({
        code: "ERR_BOUND_EXCEEDED",
      });
    }
  });
});

describe("a commit", () => {
  const change = async (content: object, unappliedProposals = {}) => {
    const { groups } = await groupOf(2);
    const tree = groups[0]!.roster.flatMap(({ identity, signatureKey }, at) => {
      const credential = { credentialType: "basic", identity };
      const leaf = { nodeType: "leaf", leaf: { credential, signaturePublicKey: signatureKey } };
      return at === 0 ? [leaf] : [undefined, leaf];
    });
    const base = {
      contentType: "commit",
      authenticatedData: none,
      sender: { senderType: "member", leafIndex: 0 },
    };
    const groupContext = { cipherSuite: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519" };
    const state = { groupContext, ratchetTree: tree, unappliedProposals };
    return changeOf({ ...base, ...content } as never, state as never);
  };
  const inline = (proposal: object) => ({ proposalOrRefType: "proposal", proposal });
  const remove = (removed: number) => inline({ proposalType: "remove", remove: { removed } });
  const externalInit = inline({ proposalType: "external_init" });
  const leafOf = ({ identity, signer }: TestDevice) => ({
    credential: { credentialType: "basic", identity },
    signaturePublicKey: signer.publicKey,
    hpkePublicKey: counting(32),
    extensions: [],
    capabilities: { versions: ["mls10"], credentials: ["basic"] },
  });
  const joining = (device: TestDevice, proposals: object[]) => ({
    sender: { senderType: "new_member_commit" },
    commit: { proposals, path: { leafNode: leafOf(device), nodes: [] } },
  });

  it("has a bounded number of proposals and path nodes", async () => {
    const proposals = Array.from({ length: 2 * MAX_LEAVES }, () => remove(1));
    await expect(change({ commit: { proposals } })).resolves.toMatchObject({ kind: "commit" });
    proposals.push(remove(1));
    await expect(change({ commit: { proposals } })).rejects.toThrow(LacreError);

    const leafNode = leafOf(new TestDevice(0));
    const withNodes = (count: number, secrets: number) => {
      const node = {
        hpkePublicKey: counting(32),
        encryptedPathSecret: Array.from({ length: secrets }),
      };
      const nodes = Array.from({ length: count }, () => node);
      return change({ commit: { proposals: [], path: { leafNode, nodes } } });
    };
    await expect(withNodes(8, 256)).resolves.toMatchObject({ by: { index: 0 } });
    await expect(withNodes(9, 256)).rejects.toThrow(LacreError);
    await expect(withNodes(8, 257)).rejects.toThrow(LacreError);
  });

  it("follows a bounded number of proposals", async () => {
    const proposal = { contentType: "proposal", proposal: { proposalType: "psk" } };
    const proposed = (count: number) =>
      change(proposal, Object.fromEntries(Array.from({ length: count }, (_, at) => [at, {}])));
    await expect(proposed(2 * MAX_LEAVES - 1)).resolves.toMatchObject({ kind: "proposal" });
    await expect(proposed(2 * MAX_LEAVES)).rejects.toThrow(LacreError);
  });

  it("does not change the identity or the key of the device that makes it", async () => {
    const path = (leafNode: object) => ({
      commit: { proposals: [], path: { leafNode, nodes: [] } },
    });
    const [own, other] = [leafOf(new TestDevice(0)), leafOf(new TestDevice(1))];
    await expect(change(path(own))).resolves.toBeDefined();
    await expect(change(path({ ...own, credential: other.credential }))).rejects.toThrow(
      LacreError,
    );
    const key = other.signaturePublicKey;
    await expect(change(path({ ...own, signaturePublicKey: key }))).rejects.toThrow(LacreError);
  });

  it("has only leaf nodes that support basic credentials of MLS 1.0", async () => {
    // ts-mls would accept the leaf node, and reject all later commits of others for it.
    const path = (capabilities: object) => {
      const leafNode = { ...leafOf(new TestDevice(0)), capabilities };
      return change({ commit: { proposals: [], path: { leafNode, nodes: [] } } });
    };
    const [versions, credentials] = [["mls10"], ["basic"]];
    await expect(path({ versions, credentials })).resolves.toBeDefined();
    await expect(path({ versions, credentials: ["x509"] })).rejects.toThrow(LacreError);
    await expect(path({ versions: [], credentials })).rejects.toThrow(LacreError);
    const key = (capabilities: Partial<KeyPackage["leafNode"]["capabilities"]>) =>
      signedAgain(new TestDevice(5), (leaf) => ({
        ...leaf,
        capabilities: { ...leaf.capabilities, ...capabilities },
      }));
    const adding = async (keyPackage: Promise<KeyPackage>) => {
      const add = { keyPackage: await keyPackage };
      return change({ commit: { proposals: [inline({ proposalType: "add", add })] } });
    };
    await expect(adding(key({}))).resolves.toMatchObject({ added: [{}] });
    await expect(adding(key({ credentials: [] }))).rejects.toThrow(LacreError);
    await expect(adding(key({ versions: [] }))).rejects.toThrow(LacreError);
  });

  it("has only encryption keys to which others can encrypt", async () => {
    // Each device that commits encrypts to the keys of others: with such a key in the tree, it could not.
    const path = (leafKey: Uint8Array, nodeKey: Uint8Array) => {
      const leafNode = { ...leafOf(new TestDevice(0)), hpkePublicKey: leafKey };
      const nodes = [{ hpkePublicKey: nodeKey, encryptedPathSecret: [] }];
      return change({ commit: { proposals: [], path: { leafNode, nodes } } });
    };
    const [valid, bad] = [counting(32), new Uint8Array(32)];
    await expect(path(valid, valid)).resolves.toBeDefined();
    await expect(path(bad, valid)).rejects.toThrow(LacreError);
    await expect(path(valid, bad)).rejects.toThrow(LacreError);
    await expect(path(valid, counting(31))).rejects.toThrow(LacreError);
    const adding = (keyPackage: KeyPackage) =>
      change({ commit: { proposals: [inline({ proposalType: "add", add: { keyPackage } })] } });
    const device = new TestDevice(5);
    const made = await signedAgain(device, (leaf) => leaf);
    await expect(adding(made)).resolves.toBeDefined();
    await expect(adding({ ...made, initKey: bad })).rejects.toThrow(LacreError);
    const again = await signedAgain(device, (leaf) => ({ ...leaf, hpkePublicKey: bad }));
    await expect(adding(again)).rejects.toThrow(LacreError);
  });

  it("is external if and only if its sender joins by it", async () => {
    const device = new TestDevice(5);
    await expect(change(joining(device, [externalInit]))).resolves.toMatchObject({ others: [] });
    await expect(change(joining(device, []))).rejects.toThrow(LacreError);
    await expect(change(joining(device, [externalInit, externalInit]))).rejects.toThrow(LacreError);
    await expect(change({ commit: { proposals: [externalInit] } })).rejects.toThrow(LacreError);
    const byReference = { proposalOrRefType: "reference", reference: none };
    await expect(change(joining(device, [externalInit, byReference]))).rejects.toThrow(LacreError);
  });

  it("removes no other device if it is external", async () => {
    const again = joining(new TestDevice(1), [externalInit, remove(1)]);
    await expect(change(again)).resolves.toMatchObject({ removed: [{ index: 1 }] });
    const other = joining(new TestDevice(5), [externalInit, remove(1)]);
    await expect(change(other)).rejects.toThrow(LacreError);
  });

  it("comes from a device in the group, and removes only such devices", async () => {
    const outside = { senderType: "external", senderIndex: 0 };
    await expect(change({ sender: outside, commit: { proposals: [] } })).rejects.toThrow(
      LacreError,
    );
    await expect(change({ commit: { proposals: [remove(2)] } })).rejects.toThrow(LacreError);
  });
});
