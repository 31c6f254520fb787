// Paths that do not reach the root of the tree, or have no nodes: half of the tree, or all of it but one leaf, is blank.
import * as mls from "./engine-library.js";

/**
 * Returns algorithms for one commit, with its commit secret as RFC 9420 has it (sections 7.4 and 12.4.1): what follows the path secret
 * of the path's last node, or of the leaf if it has no nodes. ts-mls 1.6.4 takes what follows that of the root, which such a path does
 * not have, and zeros for a path without nodes. With zeros, a device that the commit removes could compute the secrets of all epochs
 * until a path with nodes, as could anyone else who knows the epoch before.
 *
 * @param endsBelowRoot - What `endsBelowRoot` returned for the commit.
 */
export function withCommitSecret(
  cs: mls.CiphersuiteImpl,
  endsBelowRoot: boolean,
): mls.CiphersuiteImpl {
  const { kdf, rng } = cs;
  let leafSecret: Uint8Array | undefined;
  const origins = new WeakMap<Uint8Array, Uint8Array>();
  return {
    ...cs,
    rng: {
      // The only random bytes of this length in a commit are the path secret of the leaf.
      randomBytes(length) {
        const bytes = rng.randomBytes(length);
        if (length === kdf.size) leafSecret = bytes;
        return bytes;
      },
    },
    kdf: {
      ...kdf,
      async expand(secret, info, length) {
        const expanded = await kdf.expand(secret, info, length);
        origins.set(expanded, secret);
        return expanded;
      },
      async extract(salt, secret) {
        // The first secret that is extracted after a path was made is the commit secret.
        const pathSecret = leafSecret;
        leafSecret = undefined;
        if (pathSecret === undefined || secret.some((byte) => byte !== 0)) {
          return kdf.extract(salt, (endsBelowRoot && origins.get(secret)) || secret);
        }
        const commitSecret = await mls.deriveSecret(pathSecret, "path", kdf);
        const extracted = await kdf.extract(salt, commitSecret);
        commitSecret.fill(0);
        return extracted;
      },
    },
  };
}

/** Returns whether a commit of a member, with these proposals, leaves no device in the left half of the tree, so that its path ends there. */
export function endsBelowRoot(tree: mls.RatchetTree, proposals: readonly mls.Proposal[]): boolean {
  // Devices are added at the leftmost blank leaves.
  if (proposals.some((proposal) => "add" in proposal)) return false;
  const removed = new Set(removedBy(proposals));
  const leaves = tree.flatMap((node, at) =>
    node?.nodeType === "leaf" && !removed.has(at / 2) ? [at / 2] : [],
  );
  const width = 2 ** (32 - Math.clz32(leaves.at(-1)!));
  return leaves[0]! >= width / 2;
}

/** Returns the indices of the leaves that proposals remove. */
export function removedBy(proposals: readonly mls.Proposal[]): number[] {
  return proposals.flatMap((proposal) => ("remove" in proposal ? [proposal.remove.removed] : []));
}

/**
 * Returns a state without the private keys of nodes that are blank, which ts-mls keeps. With one of them, someone who later steals the
 * state could decrypt the path secrets of an earlier epoch (RFC 9420, section 16.6).
 */
export function withoutOldKeys(state: mls.ClientState): mls.ClientState {
  const { privatePath, ratchetTree } = state;
  const keys = Object.entries(privatePath.privateKeys).filter(
    ([at]) => ratchetTree[Number(at)] !== undefined,
  );
  return { ...state, privatePath: { ...privatePath, privateKeys: Object.fromEntries(keys) } };
}

/**
 * Lets ts-mls 1.6.4 replace the only leaf of a tree by an external commit. It cuts off the blank nodes of a tree after a removal, and
 * throws if none stays. A tree keeps a leaf (RFC 9420, section 7.7), so the third copy by `slice` is one blank leaf.
 */
export function withReplaceableLeaf(tree: mls.RatchetTree): mls.RatchetTree {
  const leaves = tree.filter((node) => node?.nodeType === "leaf");
  if (leaves.length > 1) return tree;
  const cut = copiedAs(leaves, () => [undefined]);
  return copiedAs(tree, () => copiedAs([...tree], () => cut));
}

function copiedAs(tree: mls.RatchetTree, slice: () => mls.RatchetTree): mls.RatchetTree {
  return Object.defineProperty(tree, "slice", { value: slice });
}
