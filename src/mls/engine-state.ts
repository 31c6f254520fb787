// What is stored of a group, and the proposals of a commit.
import { type Bytes, concat, equalConstantTime } from "../bytes.js";
import { checkTree, deviceToAdd, malformed } from "./engine-checks.js";
import * as mls from "./engine-library.js";
import { attempt, bounded, decodeAs, MAX_MESSAGE_BYTES } from "./engine-messages.js";
import { endsBelowRoot, withCommitSecret } from "./engine-paths.js";
import { validateApart } from "./engine-receive.js";
import type { Changes } from "./engine-types.js";

/** Limit of a stored state, which only protects against reading a wrong file. */
const MAX_STATE_BYTES = 67_108_864;
const STATE_FORMAT = 1;

type StoredState = Omit<mls.ClientState, "clientConfig">;

/** Encodes a state, with its secrets. */
export function encodeState(state: StoredState): Bytes {
  const past = [...state.historicalReceiverData].map(
    ([epoch, data]) => [epoch, late(data)] as const,
  );
  return concat(
    Uint8Array.of(STATE_FORMAT),
    mls.encodeGroupState({
      ...state,
      secretTree: state.secretTree.map((node, at) => (isLeaf(at) ? node : noSecrets)),
      historicalReceiverData: new Map(past),
    }),
  );
}

const none = new Uint8Array(0);
const noSecret = { secret: none, generation: 0, unusedGenerations: {} };
/** ts-mls derives ratchets also for parent nodes, which send nothing. */
const noSecrets = { handshake: noSecret, application: noSecret };
const isLeaf = (at: number) => at % 2 === 0;

type PastEpoch = ReturnType<mls.ClientState["historicalReceiverData"]["get"]> & {};

/**
 * Returns what late messages of a past epoch need: who sent them, and the ratchets of application messages. This is a tenth of the
 * epoch's data with X-Wing, and has no secret for a commit or proposal, which are not accepted any more.
 */
function late({ ratchetTree, secretTree, ...others }: PastEpoch): PastEpoch {
  return {
    ...others,
    ratchetTree: ratchetTree.map((node) =>
      node?.nodeType === "leaf" ? { nodeType: "leaf", leaf: senderOf(node.leaf) } : undefined,
    ),
    secretTree: secretTree.map(({ application }, at) =>
      isLeaf(at) ? { handshake: noSecret, application } : noSecrets,
    ),
  };
}

function senderOf({ credential, signaturePublicKey }: mls.LeafNode): mls.LeafNode {
  const capabilities = {
    versions: [],
    ciphersuites: [],
    extensions: [],
    proposals: [],
    credentials: [],
  };
  const empty = { hpkePublicKey: none, parentHash: none, extensions: [], signature: none };
  return { ...empty, leafNodeSource: "commit", credential, signaturePublicKey, capabilities };
}

/** Decodes what `encodeState` returned. */
export function decodeState(state: Uint8Array): Promise<StoredState> {
  const bytes = bounded(state, MAX_STATE_BYTES);
  return attempt(() => {
    const [decoded] = mls.decodeGroupState(bytes, 1)!;
    checkTree(decoded.ratchetTree);
    if (!equalConstantTime(encodeState(decoded), bytes)) throw malformed();
    return decoded;
  }, malformed);
}

/**
 * Returns the proposals of a commit.
 *
 * @throws {DecodeError} if a key package is malformed.
 * @throws {LacreError} `ERR_VERIFY` if a key package is not one that devices make.
 */
export function proposalsFor({ add = [], remove = [] }: Changes): mls.Proposal[] {
  const added = add.map((bytes) => decodeAs(bytes, "mls_key_package", MAX_MESSAGE_BYTES));
  for (const { keyPackage } of added) deviceToAdd(keyPackage);
  return [
    ...remove.map((removed) => ({ proposalType: "remove" as const, remove: { removed } })),
    ...added.map(({ keyPackage }) => ({ proposalType: "add" as const, add: { keyPackage } })),
  ];
}

/**
 * Returns the state and the algorithms with which this device commits proposals, and validates them. The state has the proposals of
 * this epoch that the commit includes: without removals of this device, and of a device that is removed already. ts-mls would reject
 * such a commit, so that one member could keep all others from committing.
 */
export async function contextToCommit(
  state: mls.ClientState,
  proposals: readonly mls.Proposal[],
  cs: mls.CiphersuiteImpl,
): Promise<{ state: mls.ClientState; cipherSuite: mls.CiphersuiteImpl }> {
  const removed = new Set([state.privatePath.leafIndex]);
  const isUsable = (proposal: mls.Proposal) => {
    if (!("remove" in proposal)) return true;
    const isFirst = !removed.has(proposal.remove.removed);
    removed.add(proposal.remove.removed);
    return isFirst;
  };
  const items = proposals.filter(isUsable).map((proposal) => ({
    proposalOrRefType: "proposal" as const,
    proposal,
  }));
  const usable = Object.entries(state.unappliedProposals).filter(([, { proposal }]) =>
    isUsable(proposal),
  );
  const references = usable.map(([reference]) => ({
    proposalOrRefType: "reference" as const,
    reference: mls.base64ToBytes(reference),
  }));
  await validateApart(state, [...references, ...items], cs);
  const all = [...usable.map(([, { proposal }]) => proposal), ...proposals];
  return {
    state: { ...state, unappliedProposals: Object.fromEntries(usable) },
    cipherSuite: withCommitSecret(cs, endsBelowRoot(state.ratchetTree, all)),
  };
}
