// A group of MLS (RFC 9420). ts-mls is imported by engine*.ts only. What leaves them is a value or a LacreError.
import { type Bytes, equalConstantTime } from "../bytes.js";
import { KeyError, LacreError } from "../errors.js";
import { MAX_CONTENT_BYTES } from "../limits.js";
import { checkSecrets, checkTree, invalid, keysOf, leafAt, leavesOf } from "./engine-checks.js";
import { algorithmsOf } from "./engine-crypto.js";
import * as mls from "./engine-library.js";
import {
  attempt,
  bounded,
  configOf,
  decodeFramed,
  decodeWithTree,
  encode,
  encodeWithTree,
  extensionsFor,
  generate,
  noBytes,
  noteIn,
  suiteNamed,
} from "./engine-messages.js";
import {
  removedBy,
  withCommitSecret,
  withoutOldKeys,
  withReplaceableLeaf,
} from "./engine-paths.js";
import {
  changeOf,
  checkPosition,
  decryptData,
  decryptHandshake,
  openWelcome,
  processCommit,
} from "./engine-receive.js";
import { contextToCommit, decodeState, encodeState, proposalsFor } from "./engine-state.js";
import type { Changes, Leaf, NewGroup, Received, Rules, Signer, Suite } from "./engine-types.js";

export { MAX_LEAVES } from "./engine-checks.js";
export { historyPublicKey, openHistory, sealHistory } from "./engine-history.js";
export {
  MAX_HANDSHAKE_BYTES,
  MAX_MESSAGE_BYTES,
  makeKeyPackages,
  readGroupInfo,
  readHeader,
  readKeyPackage,
  validEncryptionKey,
} from "./engine-messages.js";

/** A step's result: the next group, and what is to be sent once that is stored. */
export interface Step {
  readonly group: Group;
  readonly message: Bytes;
}

/** A commit. Others can join by `groupInfo` once the server has accepted it; `welcome` is for the devices that it adds. */
export interface Commit extends Step {
  readonly welcome?: Bytes;
  readonly groupInfo: Bytes;
}

/** A commit of a member. */
export interface MemberCommit extends Commit {
  /** The group before the commit. It never uses the key of the commit again. */
  readonly before: Group;
}

/** A group as one of its devices knows it, in one epoch. Immutable: each step returns the next one. */
export class Group {
  readonly #state: mls.ClientState;
  readonly #consumed: readonly Uint8Array[];
  readonly suite: Suite;

  private constructor(state: mls.ClientState, consumed: readonly Uint8Array[] = []) {
    this.suite = suiteNamed(state.groupContext.cipherSuite);
    this.#state = state;
    this.#consumed = consumed;
  }

  /** Creates a group with this device alone. */
  static async create(signer: Signer, { suite, groupId, identity }: NewGroup): Promise<Group> {
    const cs = algorithmsOf(suite, signer);
    return attempt(async () => {
      const { publicPackage, privatePackage } = await generate(signer, identity, suite);
      const id = groupId.slice();
      const config = configOf();
      return new Group(await mls.createGroup(id, publicPackage, privatePackage, [], cs, config));
    }, invalid);
  }

  /**
   * Joins a group by a welcome.
   *
   * @param keeps - What this device kept of its key packages.
   * @returns The group, the index of the key package that was used, which is to be deleted, and the committer's note.
   */
  static async join(
    welcome: Uint8Array,
    keeps: readonly Uint8Array[],
    rules: Rules,
    psks: Readonly<Record<string, Uint8Array>> = {},
  ): Promise<{ group: Group; used: number; note: Bytes }> {
    const { state, extensions, used } = await openWelcome(welcome, keeps, rules, psks);
    return { group: new Group(state), used, note: noteIn(extensions) };
  }

  /** Joins, or rejoins, a group by an external commit (RFC 9420, section 12.4.3.2). */
  static async joinExternally(
    signer: Signer,
    groupInfo: Uint8Array,
    identity: Uint8Array,
    authenticatedData: Uint8Array,
    rules: Rules,
    note: Uint8Array = noBytes,
  ): Promise<Commit> {
    const { message, tree } = decodeWithTree(groupInfo, "mls_group_info");
    const info = message.groupInfo;
    const suite = suiteNamed(info.groupContext.cipherSuite);
    const cs = algorithmsOf(suite, signer);
    return attempt(async () => {
      const inside = tree ?? mls.ratchetTreeFromExtension(info)!;
      if (tree === undefined) checkTree(inside);
      const isOwn = ({ signatureKey }: Leaf) => equalConstantTime(signatureKey, signer.publicKey);
      const isMember = leavesOf(inside).some(isOwn);
      const { publicPackage, privatePackage } = await generate(signer, identity, suite);
      const { newState, publicMessage } = await mls.joinGroupExternal(
        info,
        publicPackage,
        privatePackage,
        isMember,
        withCommitSecret(cs, false),
        tree && isMember ? withReplaceableLeaf(tree) : tree,
        configOf(rules),
        authenticatedData.slice(),
      );
      const group = new Group(withoutOldKeys(newState));
      const message = encode({ wireformat: "mls_public_message", publicMessage });
      return { group, message, groupInfo: await group.#groupInfo(signer, note) };
    }, invalid);
  }

  /** Reads a state that `export` returned. */
  static async import(state: Uint8Array): Promise<Group> {
    const decoded = await decodeState(state);
    return new Group({ ...decoded, clientConfig: configOf() });
  }

  /** Returns all that this device knows of the group, with its secrets, without the signature key. */
  export(): Bytes {
    return encodeState(this.#state);
  }

  get groupId(): Bytes {
    return this.#state.groupContext.groupId.slice();
  }

  get epoch(): bigint {
    return this.#state.groupContext.epoch;
  }

  /** 32 or 64 bytes that are the same for all devices that agree about this epoch and all before it. */
  get authenticator(): Bytes {
    return this.#state.keySchedule.epochAuthenticator.slice();
  }

  /** The devices in the group. */
  get roster(): Leaf[] {
    return leavesOf(this.#state.ratchetTree);
  }

  /** The HPKE public keys of the devices and of the nodes above them. Each of them is there once. */
  get encryptionKeys(): Uint8Array[] {
    return keysOf(this.#state.ratchetTree);
  }

  /** Indices of the leaves that proposals of this epoch remove. The next commit includes these proposals. */
  get proposedRemovals(): number[] {
    const pending = Object.values(this.#state.unappliedProposals);
    return removedBy(pending.map(({ proposal }) => proposal));
  }

  /** This device's leaf. */
  get ownLeaf(): Leaf {
    return leafAt(this.#state.ratchetTree, this.#state.privatePath.leafIndex);
  }

  /** Whether this device was not removed. */
  get isActive(): boolean {
    return this.#state.groupActiveState.kind === "active";
  }

  /** Returns this group without the secrets of past epochs. */
  withoutPast(): Group {
    return new Group({ ...this.#state, historicalReceiverData: new Map() });
  }

  /**
   * Returns this group with the past epochs of the group before it.
   *
   * @param isBefore - Whether the epoch of that group becomes a past epoch too. It does not if the server never accepted it.
   */
  after(other: Group, isBefore = true): Group {
    const historicalReceiverData = isBefore
      ? mls.addHistoricalReceiverData(other.#state)[0]
      : other.#state.historicalReceiverData;
    return new Group({ ...this.#state, historicalReceiverData }, this.#consumed);
  }

  /** Overwrites the secrets that the step to this group used up. The group before it cannot send afterwards. */
  eraseConsumed(): void {
    for (const secret of this.#consumed) secret.fill(0);
  }

  /**
   * Encrypts an application message.
   *
   * @throws {DecodeError} `ERR_BOUND_EXCEEDED` if the message has more than 720,000 bytes.
   */
  async encrypt(signer: Signer, data: Uint8Array, authenticatedData: Uint8Array): Promise<Step> {
    const cs = this.#algorithms(signer);
    return attempt(async () => {
      const { newState, privateMessage, consumed } = await mls.createApplicationMessage(
        this.#state,
        data.slice(),
        cs,
        authenticatedData.slice(),
      );
      const message = encode({ wireformat: "mls_private_message", privateMessage });
      return { group: new Group(newState, consumed), message: bounded(message, MAX_CONTENT_BYTES) };
    }, invalid);
  }

  /** Proposes to remove a device: itself, if it leaves. Another device commits that. */
  async propose(signer: Signer, removed: number, authenticatedData: Uint8Array): Promise<Step> {
    const cs = this.#algorithms(signer);
    const proposal: mls.Proposal = { proposalType: "remove", remove: { removed } };
    return attempt(async () => {
      const ad = authenticatedData.slice();
      const step = await mls.createProposal(this.#state, false, proposal, cs, ad);
      return { group: new Group(step.newState, step.consumed), message: encode(step.message) };
    }, invalid);
  }

  /**
   * Commits the proposals received in this epoch, and these changes. The keys of this device are replaced unless the commit only
   * adds devices. The group before it stays valid for the case that the server prefers another commit.
   *
   * @param note - For the devices that join by the welcome or the group info, signed by this device.
   */
  async commit(
    signer: Signer,
    changes: Changes,
    authenticatedData: Uint8Array,
    rules: Rules,
    note: Uint8Array = noBytes,
  ): Promise<MemberCommit> {
    const cs = this.#algorithms(signer);
    const extraProposals = proposalsFor(changes);
    return attempt(async () => {
      const before = { ...this.#state, clientConfig: configOf(rules) };
      const result = await mls.createCommit(await contextToCommit(before, extraProposals, cs), {
        extraProposals,
        authenticatedData: authenticatedData.slice(),
        groupInfoExtensions: extensionsFor(note),
      });
      const { newState, welcome } = result;
      checkTree(newState.ratchetTree);
      const group = new Group(withoutOldKeys(newState), result.consumed);
      const { secretTree, privatePath } = this.#state;
      const leaf = mls.leafToNodeIndex(mls.toLeafIndex(privatePath.leafIndex));
      const { newTree } = await mls.consumeRatchet(secretTree, leaf, "commit", cs);
      return {
        group,
        before: new Group({ ...this.#state, secretTree: newTree }),
        message: encode(result.commit),
        groupInfo: await group.#groupInfo(signer, note),
        ...(welcome && {
          welcome: encodeWithTree({ wireformat: "mls_welcome", welcome }, newState.ratchetTree),
        }),
      };
    }, invalid);
  }

  /**
   * Reads a message of another device.
   *
   * @throws {DecodeError} if it is malformed or too large.
   * @throws {FreshnessError} `ERR_EXPIRED` if its epoch is no longer retained, `ERR_FROM_FUTURE` if it is ahead of this group,
   *   `ERR_REPLAYED` if it was read before, or is too far behind.
   * @throws {DecryptError} if it does not decrypt.
   * @throws {LacreError} `ERR_VERIFY` if it is of another group, invalid, or rejected by the rules.
   */
  async receive(
    bytes: Uint8Array,
    rules: Rules,
    psks: Readonly<Record<string, Uint8Array>> = {},
  ): Promise<{ group: Group; received: Received }> {
    const { message, header } = decodeFramed(bytes);
    const state = { ...this.#state, clientConfig: configOf(rules) };
    const cs = algorithmsOf(this.suite);
    checkPosition(header, state.groupContext);
    if (header.contentType === "application") {
      if (message.wireformat !== "mls_private_message") throw invalid();
      const { next, consumed, received } = await decryptData(state, message.privateMessage, cs);
      return { group: new Group(next, consumed), received };
    }
    // A removed device does not follow another commit of its last epoch, which the server may have kept.
    if (!this.isActive) throw invalid();
    const { content: authentic, tree } = await decryptHandshake(state, message, cs);
    const { content } = authentic;
    const change = await attempt(() => changeOf(content, state), invalid);
    if (!rules.change(change)) throw invalid();
    const own = this.ownLeaf.index;
    if (change.kind === "commit" && change.removed.some(({ index }) => index === own)) {
      // ts-mls does not notice this if the same commit adds a device at this leaf. The next epoch is not readable.
      const removed = { ...this.#state, groupActiveState: { kind: "removedFromGroup" as const } };
      return { group: new Group(removed), received: { kind: "removed", change } };
    }
    const received: Received = { kind: change.kind, change };
    if (content.contentType === "proposal") {
      const read = { ...state, secretTree: tree };
      const store = () => mls.processProposal(read, authentic, content.proposal, cs.hash);
      return { group: new Group(await attempt(store, invalid)), received };
    }
    const { newState, consumed } = await processCommit(state, content, message, psks, cs);
    return { group: new Group(newState, consumed), received };
  }

  async #groupInfo(signer: Signer, note: Uint8Array): Promise<Bytes> {
    const cs = algorithmsOf(this.suite, signer);
    const groupInfo = await mls.createGroupInfoWithExternalPub(
      this.#state,
      extensionsFor(note),
      cs,
    );
    return encodeWithTree({ wireformat: "mls_group_info", groupInfo }, this.#state.ratchetTree);
  }

  /** Returns the suite's algorithms, if this device can send. */
  #algorithms(signer: Signer) {
    if (!this.isActive) throw new LacreError("ERR_STOPPED", "this device was removed");
    if (!equalConstantTime(signer.publicKey, this.ownLeaf.signatureKey)) {
      throw new KeyError("the signer is of another device than the group");
    }
    checkSecrets(this.#state);
    return algorithmsOf(this.suite, signer);
  }
}
