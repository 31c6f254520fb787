// Limits of what members send, and checks that ts-mls lacks.
import { encodeHex } from "../bytes.js";
import { DecodeError, KeyError, LacreError } from "../errors.js";
import { isEncryptionKey, suiteOf } from "./engine-crypto.js";
import {
  type ClientState,
  directPath,
  type KeyPackage,
  type LeafNode,
  leafToNodeIndex,
  leafWidth,
  type RatchetTree,
  toLeafIndex,
} from "./engine-library.js";
import type { Leaf, Member } from "./engine-types.js";

/** Maximum number of devices in a group. */
export const MAX_LEAVES = 256;
/** Maximum number of nodes of a tree: those of as many devices. */
export const MAX_NODES = 2 * MAX_LEAVES - 1;
/** Maximum number of proposals in a commit, and in an epoch. A commit that replaces all devices has 255 removals and 255 additions. */
export const MAX_PROPOSALS = 2 * MAX_LEAVES;

/**
 * Maximum number of entries of each list in a leaf node, key package or group context. For some lists the work of ts-mls grows with the
 * square of their length, and for all of them its recursion.
 */
const MAX_ENTRIES = 256;
/** The only lifetime of a key package: ts-mls compares another one with the clock of this device. */
export const LIFETIME = { notBefore: 0n, notAfter: 2n ** 64n - 1n };

export const malformed = () => new DecodeError("malformed MLS message or state");
export const invalid = () => new LacreError("ERR_VERIFY", "invalid in this group, or rejected");

export function memberOf({ credential, signaturePublicKey }: LeafNode): Member {
  if (credential.credentialType !== "basic" || !("identity" in credential)) throw invalid();
  return { identity: credential.identity.slice(), signatureKey: signaturePublicKey.slice() };
}

/** Returns the device that a key package adds. Checks what ts-mls does not check. */
export function deviceToAdd({ leafNode, extensions, initKey, cipherSuite }: KeyPackage): Member {
  checkKeys(cipherSuite, [initKey, leafNode.hpkePublicKey]);
  const { notBefore, notAfter } = leafNode.lifetime;
  if (notBefore !== LIFETIME.notBefore || notAfter !== LIFETIME.notAfter) throw invalid();
  checkEntries(extensions);
  checkLeaf(leafNode);
  return memberOf(leafNode);
}

/** Throws if a leaf node has too long a list, or does not support what all groups of chats use (RFC 9420, section 7.3). */
export function checkLeaf({ extensions, capabilities }: LeafNode): void {
  const { versions, credentials } = capabilities;
  // With such a leaf in the group, ts-mls rejects all later commits that replace keys or add devices.
  if (!versions.includes("mls10") || !credentials.includes("basic")) throw invalid();
  checkEntries(extensions, ...Object.values(capabilities));
}

/** Throws if this device could not encrypt to one of these keys: it could not commit with them in the group. */
export function checkKeys(suiteName: string, keys: readonly Uint8Array[]): void {
  const suite = suiteOf(suiteName);
  if (suite === undefined || !keys.every((key) => isEncryptionKey(suite, key))) throw invalid();
}

/** Throws if this device's next message, or the next epoch, would derive from an overwritten secret: anyone could derive the keys. */
export function checkSecrets({ secretTree, privatePath, keySchedule }: ClientState): void {
  const { application, handshake } = secretTree[2 * privatePath.leafIndex]!;
  const secrets = [application.secret, handshake.secret, keySchedule.initSecret];
  if (!secrets.some((secret) => secret.every((byte) => byte === 0))) return;
  throw new KeyError("the secrets of this group were erased: use the group after it");
}

/** Throws if a list is too long. */
export function checkEntries(...lists: readonly (readonly unknown[])[]): void {
  if (lists.some(({ length }) => length > MAX_ENTRIES)) throw invalid();
}

export function leavesOf(tree: RatchetTree): Leaf[] {
  return tree.flatMap((node, at) =>
    node?.nodeType === "leaf" ? [{ index: at / 2, ...memberOf(node.leaf) }] : [],
  );
}

/** Returns the HPKE public keys of all nodes. */
export function keysOf(tree: RatchetTree): Uint8Array[] {
  const nodes = tree.filter((node) => node !== undefined);
  return nodes.map((node) =>
    node.nodeType === "leaf" ? node.leaf.hpkePublicKey : node.parent.hpkePublicKey,
  );
}

/**
 * Throws if a tree is larger than allowed, has a key twice, which ts-mls does not check for the device that commits, or has lists that
 * are too long, or unmerged leaves that are not as RFC 9420 requires.
 */
export function checkTree(tree: RatchetTree): void {
  if (tree.length > MAX_NODES) throw invalid();
  // RFC 9420, section 7.7: a tree is no wider than its leaves need.
  const isRight = (at: number) => at > tree.length / 2;
  const isLeaf = (node: RatchetTree[number]) => node?.nodeType === "leaf";
  if (tree.length > 1 && !tree.some((node, at) => isRight(at) && isLeaf(node))) throw invalid();
  const signatureKeys = leavesOf(tree).map(({ signatureKey }) => encodeHex(signatureKey));
  const hpkeKeys = keysOf(tree).map(encodeHex);
  if (new Set(signatureKeys).size < signatureKeys.length) throw invalid();
  if (new Set(hpkeKeys).size < hpkeKeys.length) throw invalid();
  for (const [at, node] of tree.entries()) {
    if (node?.nodeType === "leaf") checkLeaf(node.leaf);
    if (node?.nodeType !== "parent") continue;
    const { unmergedLeaves } = node.parent;
    // RFC 9420, section 7.1: in ascending order. With repetitions, the list could be of any length.
    if (unmergedLeaves.some((leaf, at) => at > 0 && leaf <= unmergedLeaves[at - 1]!)) {
      throw invalid();
    }
    for (const leaf of unmergedLeaves) {
      // Without this, `directPath` of a leaf beyond the tree would not end.
      if (tree[2 * leaf] === undefined) throw invalid();
      const path = directPath(leafToNodeIndex(toLeafIndex(leaf)), leafWidth(tree.length));
      const below = path.slice(0, (path as number[]).indexOf(at)).map((index) => tree[index]);
      const lists = (other: (typeof below)[number]) =>
        other?.nodeType !== "parent" || other.parent.unmergedLeaves.includes(leaf);
      if (!(path as number[]).includes(at)) throw invalid();
      if (!below.every(lists)) throw invalid();
    }
  }
}

export function leafAt(tree: RatchetTree, index: number): Leaf {
  const node = tree[2 * index];
  if (node?.nodeType !== "leaf") throw invalid();
  return { index, ...memberOf(node.leaf) };
}
