import { equalConstantTime } from "../bytes.js";
import { DecryptError, FreshnessError } from "../errors.js";
import {
  checkEntries,
  checkKeys,
  checkLeaf,
  checkTree,
  deviceToAdd,
  invalid,
  keysOf,
  leafAt,
  leavesOf,
  MAX_LEAVES,
  MAX_PROPOSALS,
  memberOf,
} from "./engine-checks.js";
import { algorithmsOf, publicKeyOf } from "./engine-crypto.js";
import * as mls from "./engine-library.js";
import {
  attempt,
  configOf,
  decodeWithTree,
  type FramedMessage,
  hasTree,
  readKept,
  suiteNamed,
} from "./engine-messages.js";
import { endsBelowRoot, withCommitSecret, withoutOldKeys } from "./engine-paths.js";
import { keepOnlyKeys, withKeptKeys } from "./engine-skipped.js";
import type { Change, Header, Received, Rules } from "./engine-types.js";

/** Limit of the pre-shared keys in a commit: ts-mls compares each with each. */
const MAX_PSKS = 16;
/** Levels above the leaves in a tree of 256. */
const MAX_PATH_NODES = 8;

/** Reads what a commit or proposal changes, and checks what ts-mls does not check, or only after much work. */
export function changeOf(
  content: mls.AuthenticatedContent["content"],
  state: mls.ClientState,
): Change {
  const { ratchetTree: tree, unappliedProposals } = state;
  const { sender, authenticatedData } = content;
  const isCommit = content.contentType === "commit";
  const path = isCommit ? content.commit.path : undefined;
  const isExternal = isCommit && sender.senderType === "new_member_commit";
  if (!isExternal && sender.senderType !== "member") throw invalid();
  const joiner = path && memberOf(path.leafNode);
  const by = sender.senderType === "member" ? leafAt(tree, sender.leafIndex) : joiner!;
  // A device keeps its identity and its key.
  if (joiner && !equalConstantTime(joiner.identity, by.identity)) throw invalid();
  if (joiner && !equalConstantTime(joiner.signatureKey, by.signatureKey)) throw invalid();
  const given = isCommit ? content.commit.proposals : [];
  if (given.length > MAX_PROPOSALS) throw invalid();
  if (path && path.nodes.length > MAX_PATH_NODES) throw invalid();
  if (path?.nodes.some(({ encryptedPathSecret: to }) => to.length > MAX_LEAVES)) throw invalid();
  if (isExternal && given.some((item) => item.proposalOrRefType !== "proposal")) throw invalid();
  const proposals = given.map((item) => proposalOf(item, state));
  if (content.contentType === "proposal") proposals.push(content.proposal);
  if (!isCommit && Object.keys(unappliedProposals).length >= MAX_PROPOSALS) throw invalid();
  const leaves: mls.LeafNode[] = path ? [path.leafNode] : [];
  for (const proposal of proposals) {
    if ("update" in proposal) leaves.push(proposal.update.leafNode);
    if ("reinit" in proposal) checkEntries(proposal.reinit.extensions);
    if ("groupContextExtensions" in proposal) {
      checkEntries(proposal.groupContextExtensions.extensions);
    }
  }
  leaves.forEach(checkLeaf);
  const keys = [...leaves, ...(path?.nodes ?? [])].map(({ hpkePublicKey }) => hpkePublicKey);
  checkKeys(state.groupContext.cipherSuite, keys);
  const added = proposals.flatMap((proposal) =>
    "add" in proposal ? [deviceToAdd(proposal.add.keyPackage)] : [],
  );
  const removed = proposals.flatMap((proposal) =>
    "remove" in proposal ? [leafAt(tree, proposal.remove.removed)] : [],
  );
  const others = proposals
    .filter((proposal) => !("add" in proposal) && !("remove" in proposal))
    .map(({ proposalType }) => String(proposalType));
  if (others.filter((name) => name === "psk").length > MAX_PSKS) throw invalid();
  const inits = others.filter((name) => name === "external_init").length;
  if (inits !== (isExternal ? 1 : 0)) throw invalid();
  // By an external commit a device replaces its own leaf only.
  if (isExternal && !removed.every(({ identity }) => equalConstantTime(identity, by.identity))) {
    throw invalid();
  }
  if (leavesOf(tree).length + added.length - removed.length > MAX_LEAVES) throw invalid();
  return {
    kind: isCommit ? "commit" : "proposal",
    by,
    added,
    removed,
    others: others.filter((name) => name !== "external_init"),
    authenticatedData: authenticatedData.slice(),
  };
}

/**
 * Checks that a message is of this group, and of an epoch that a message of its type can have.
 *
 * @throws {LacreError} `ERR_VERIFY` if it is of another group.
 * @throws {FreshnessError} if its epoch is ahead, or if it is a commit or a proposal of an earlier epoch.
 */
export function checkPosition(header: Header, { groupId, epoch }: mls.ClientState["groupContext"]) {
  if (!equalConstantTime(header.groupId, groupId)) throw invalid();
  if (header.epoch > epoch) {
    throw new FreshnessError("ERR_FROM_FUTURE", "the message is of a later epoch");
  }
  if (header.contentType !== "application" && header.epoch < epoch) {
    throw new FreshnessError("ERR_EXPIRED", "the message is of an earlier epoch");
  }
}

/** Never finds a device again in the group, so that a device's replacement can be validated without its removal. */
const noneEqual = {
  compareKeyPackages: () => false,
  compareKeyPackageToLeafNode: () => false,
};

/**
 * Validates each addition and update of a commit alone. ts-mls validates all of them at the same time: if two are invalid, one of the
 * rejected promises has no handler, which ends a process of Node.
 *
 * @throws - An error of ts-mls if one is invalid.
 */
export async function validateApart(
  state: mls.ClientState,
  items: readonly mls.ProposalOrRef[],
  cs: mls.CiphersuiteImpl,
): Promise<void> {
  const validated = items.filter((item) => {
    const { proposalType } = proposalOf(item, state);
    return proposalType === "add" || proposalType === "update";
  });
  const clientConfig = { ...state.clientConfig, keyPackageEqualityConfig: noneEqual };
  const psks = mls.makePskIndex(undefined, {});
  for (const item of validated.length > 1 ? validated : []) {
    await mls.applyProposals({ ...state, clientConfig }, [item], undefined, psks, false, cs);
  }
}

function proposalOf(item: mls.ProposalOrRef, { unappliedProposals }: mls.ClientState) {
  return item.proposalOrRefType === "proposal"
    ? item.proposal
    : unappliedProposals[mls.bytesToBase64(item.reference)]!.proposal;
}

/** The first arguments of joinGroupWithExtensions. */
type Joining =
  Parameters<typeof mls.joinGroupWithExtensions> extends [
    ...infer First extends [unknown, unknown, unknown, unknown, unknown],
    ...unknown[],
  ]
    ? First
    : never;

/** Decrypts the group info inside a welcome. */
async function infoInside(...[welcome, keyPackage, keys, psks, cs]: Joining) {
  const initKey = await cs.hpke.importPrivateKey(keys.initPrivateKey);
  const ref = await mls.makeKeyPackageRef(keyPackage, cs.hash);
  const secrets = (await mls.decryptGroupSecrets(initKey, ref, welcome, cs.hpke))!;
  const zeros = new Uint8Array(cs.kdf.size);
  const [psk] = await mls.accumulatePskSecret(secrets.psks, psks, cs, zeros);
  return (await mls.decryptGroupInfo(welcome, secrets.joinerSecret, psk, cs))!;
}

/**
 * Joins by a welcome with the first key package that it is for.
 *
 * @returns The state, the extensions of the group info, and the index of the key package.
 */
export async function openWelcome(
  welcome: Uint8Array,
  keeps: readonly Uint8Array[],
  rules: Rules,
  psks: Readonly<Record<string, Uint8Array>>,
) {
  const { message, tree } = decodeWithTree(welcome, "mls_welcome");
  const cs = algorithmsOf(suiteNamed(message.welcome.cipherSuite));
  for (const [used, keep] of keeps.entries()) {
    const { keyPackage, privateKeys } = readKept(keep);
    if (keyPackage.cipherSuite !== cs.name) continue;
    const ref = await mls.makeKeyPackageRef(keyPackage, cs.hash);
    const isFor = ({ newMember }: { newMember: Uint8Array }) => equalConstantTime(newMember, ref);
    if (!message.welcome.secrets.some(isFor)) continue;
    const index = mls.makePskIndex(undefined, psks);
    const joining: Joining = [message.welcome, keyPackage, privateKeys, index, cs];
    const [state, extensions] = await attempt(async () => {
      // A tree inside is checked before ts-mls derives secrets for each of its nodes. ts-mls prefers it to the one behind.
      const info = await infoInside(...joining);
      if (tree === undefined) checkTree(mls.ratchetTreeFromExtension(info)!);
      else if (hasTree(info)) throw invalid();
      const config = configOf(rules);
      const joined = await mls.joinGroupWithExtensions(...joining, tree, undefined, config);
      checkPath(joined[0], {});
      return joined;
    }, invalid);
    return { state: withoutOldKeys(state), extensions, used };
  }
  throw new DecryptError();
}

/** Decrypts an application message, and verifies its signature. Returns the state without the secret that it used. */
export async function decryptData(
  state: mls.ClientState,
  message: mls.PrivateMessage,
  cs: mls.CiphersuiteImpl,
) {
  const { content: authentic, tree, consumed, epoch } = await decrypt(state, message, cs);
  const { content } = authentic;
  const { sender, authenticatedData } = content;
  if (sender.senderType !== "member" || content.contentType !== "application") throw invalid();
  const past = state.historicalReceiverData;
  const old = past.get(message.epoch);
  const changed = old
    ? { historicalReceiverData: new Map(past).set(message.epoch, { ...old, secretTree: tree }) }
    : { secretTree: tree };
  const received: Received = {
    kind: "application",
    data: new Uint8Array(content.applicationData),
    sender: leafAt(epoch.ratchetTree, sender.leafIndex),
    authenticatedData: new Uint8Array(authenticatedData),
  };
  return { next: { ...state, ...changed }, consumed, received };
}

/** Decrypts a commit or proposal of the current epoch, and verifies its signature. */
export async function decryptHandshake(
  state: mls.ClientState,
  message: FramedMessage,
  cs: mls.CiphersuiteImpl,
): Promise<{ content: mls.AuthenticatedContent; tree: mls.ClientState["secretTree"] }> {
  if (message.wireformat === "mls_private_message") {
    return decrypt(state, message.privateMessage, cs);
  }
  const { keySchedule, groupContext, ratchetTree, secretTree: tree } = state;
  const verified = () =>
    mls.unprotectPublicMessage(
      keySchedule.membershipKey,
      groupContext,
      ratchetTree,
      message.publicMessage,
      cs,
    );
  return { content: await attempt(verified, () => new DecryptError()), tree };
}

/** Follows a commit whose changes are accepted. */
export function processCommit(
  state: mls.ClientState,
  content: mls.AuthenticatedContent["content"],
  message: FramedMessage,
  psks: Readonly<Record<string, Uint8Array>>,
  cs: mls.CiphersuiteImpl,
) {
  type Processed = Pick<mls.ProcessMessageResult, "newState" | "consumed">;
  return attempt(async () => {
    if (content.contentType !== "commit") throw invalid();
    const { proposals } = content.commit;
    await validateApart(state, proposals, cs);
    const all = proposals.map((item) => proposalOf(item, state));
    const isExternal = content.sender.senderType === "new_member_commit";
    const ended = !isExternal && endsBelowRoot(state.ratchetTree, all);
    const forCommit = withCommitSecret(cs, ended);
    const index = mls.makePskIndex(state, psks);
    const processed: Processed =
      message.wireformat === "mls_private_message"
        ? await mls.processPrivateMessage(
            state,
            message.privateMessage,
            index,
            withKeptKeys(forCommit),
          )
        : await mls.processPublicMessage(state, message.publicMessage, index, forCommit);
    checkTree(processed.newState.ratchetTree);
    checkPath(processed.newState, state.privatePath.privateKeys);
    return { ...processed, newState: withoutOldKeys(processed.newState) };
  }, invalid);
}

/**
 * Throws if a private key that this device got by a path is not that of the public key in the tree. ts-mls does not compare them. With
 * a wrong key in the tree, this device could not follow a later commit of another device.
 *
 * @param before - The private keys that it had before.
 */
function checkPath(
  { ratchetTree, privatePath, groupContext }: mls.ClientState,
  before: Readonly<Record<number, Uint8Array>>,
): void {
  const suite = suiteNamed(groupContext.cipherSuite);
  for (const [at, privateKey] of Object.entries(privatePath.privateKeys)) {
    const node = ratchetTree[Number(at)];
    if (node === undefined || privateKey === before[Number(at)]) continue;
    const [publicKey] = keysOf([node]);
    if (!equalConstantTime(publicKeyOf(suite, privateKey), publicKey!)) throw invalid();
  }
}

async function decrypt(
  state: mls.ClientState,
  message: mls.PrivateMessage,
  cs: mls.CiphersuiteImpl,
) {
  const isCurrent = message.epoch === state.groupContext.epoch;
  const current = { ...state, ...state.keySchedule };
  const epoch = isCurrent ? current : state.historicalReceiverData.get(message.epoch);
  if (epoch === undefined) {
    throw new FreshnessError("ERR_EXPIRED", "the message's epoch is no longer retained");
  }
  const { senderDataSecret, secretTree, ratchetTree, groupContext } = epoch;
  const retention = state.clientConfig.keyRetentionConfig;
  const result = await attempt(
    () =>
      mls.unprotectPrivateMessage(
        senderDataSecret,
        message,
        secretTree,
        ratchetTree,
        groupContext,
        retention,
        withKeptKeys(cs),
      ),
    (error) => {
      const reason = error instanceof Error ? error.message : "";
      if (reason === "Desired gen in the past") {
        return new FreshnessError("ERR_REPLAYED", "the message was read before, or is too old");
      }
      if (reason === "Desired generation too far in the future") {
        return new FreshnessError(
          "ERR_FROM_FUTURE",
          "too many messages before this one are missing",
        );
      }
      return new DecryptError();
    },
  );
  const consumed = [...result.consumed];
  const tree = await keepOnlyKeys(secretTree, result.tree, cs, consumed);
  return { ...result, tree, consumed, epoch };
}
