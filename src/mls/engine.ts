// A group of MLS (RFC 9420). ts-mls is imported by engine*.ts only. What leaves them is a value or a LacreError.

import { type Bytes, concat, equalConstantTime } from "../bytes.js";
import { DecryptError, FreshnessError, KeyError, LacreError } from "../errors.js";
import { algorithmsOf } from "./engine-crypto.js";
import * as mls from "./engine-library.js";
import {
  attempt,
  bounded,
  checkTree,
  configOf,
  decodeAs,
  decodeFramed,
  decodeWithTree,
  encode,
  generate,
  invalid,
  leafAt,
  leavesOf,
  MAX_MESSAGE_BYTES,
  malformed,
  readKept,
  suiteNamed,
  type Unversioned,
} from "./engine-messages.js";
import {
  changeOf,
  decryptData,
  decryptHandshake,
  type Joining,
  treeInside,
} from "./engine-receive.js";

import type { Leaf, Received, Rules, Signer, Suite } from "./engine-types.js";

export {
  MAX_HANDSHAKE_BYTES,
  MAX_LEAVES,
  MAX_MESSAGE_BYTES,
  makeKeyPackages,
  readHeader,
  readKeyPackage,
} from "./engine-messages.js";

/** Limit of a stored state, which only protects against reading a wrong file. */
const MAX_STATE_BYTES = 67_108_864;
const STATE_FORMAT = 1;

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
  static async create(
    signer: Signer,
    { suite, groupId, identity }: { suite: Suite; groupId: Uint8Array; identity: Uint8Array },
  ): Promise<Group> {
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
   * @returns The group, and the index of the key package that was used, which is to be deleted.
   */
  static async join(
    welcome: Uint8Array,
    keeps: readonly Uint8Array[],
    rules: Rules,
    psks: Readonly<Record<string, Uint8Array>> = {},
  ): Promise<{ group: Group; used: number }> {
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
      const group = await attempt(async () => {
        // A tree inside is checked before joinGroup derives secrets for each of its nodes.
        if (tree === undefined) checkTree(await treeInside(...joining));
        const config = configOf(rules);
        return new Group(await mls.joinGroup(...joining, tree, undefined, config));
      }, invalid);
      return { group, used };
    }
    throw new DecryptError();
  }

  /** Joins, or rejoins, a group by an external commit (RFC 9420, section 12.4.3.2). */
  static async joinExternally(
    signer: Signer,
    groupInfo: Uint8Array,
    identity: Uint8Array,
    authenticatedData: Uint8Array,
    rules: Rules,
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
        cs,
        tree,
        configOf(rules),
        authenticatedData.slice(),
      );
      const group = new Group(newState);
      const message = encode({ wireformat: "mls_public_message", publicMessage });
      return { group, message, groupInfo: await group.#groupInfo(signer) };
    }, invalid);
  }

  /** Reads a state that `export` returned. */
  static async import(state: Uint8Array): Promise<Group> {
    const bytes = bounded(state, MAX_STATE_BYTES);
    return attempt(() => {
      const [decoded] = mls.decodeGroupState(bytes, 1)!;
      checkTree(decoded.ratchetTree);
      const group = new Group({ ...decoded, clientConfig: configOf() });
      if (!equalConstantTime(group.export(), bytes)) throw malformed();
      return group;
    }, malformed);
  }

  /** Returns all that this device knows of the group, with its secrets, without the signature key. */
  export(): Bytes {
    return concat(Uint8Array.of(STATE_FORMAT), mls.encodeGroupState(this.#state));
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

  /** This device's leaf. */
  get ownLeaf(): Leaf {
    return leafAt(this.#state.ratchetTree, this.#state.privatePath.leafIndex);
  }

  /** Whether this device was not removed. */
  get isActive(): boolean {
    return this.#state.groupActiveState.kind === "active";
  }

  /** Overwrites the secrets that the step to this group used up. The group before it cannot be used afterwards. */
  eraseConsumed(): void {
    for (const secret of this.#consumed) secret.fill(0);
  }

  /** Encrypts an application message. */
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
      return { group: new Group(newState, consumed), message: bounded(message, MAX_MESSAGE_BYTES) };
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
   * Commits all proposals received in this epoch, and these changes. The keys of this device are replaced unless the commit only
   * adds devices. This group stays valid for the case that the server prefers another commit.
   */
  async commit(
    signer: Signer,
    changes: { add?: readonly Uint8Array[]; remove?: readonly number[] },
    authenticatedData: Uint8Array,
    rules: Rules,
  ): Promise<Commit> {
    const cs = this.#algorithms(signer);
    const { add = [], remove = [] } = changes;
    const added = add.map((bytes) => decodeAs(bytes, "mls_key_package", MAX_MESSAGE_BYTES));
    const extraProposals: mls.Proposal[] = [
      ...remove.map((removed) => ({ proposalType: "remove" as const, remove: { removed } })),
      ...added.map(({ keyPackage }) => ({ proposalType: "add" as const, add: { keyPackage } })),
    ];
    return attempt(async () => {
      const state = { ...this.#state, clientConfig: configOf(rules) };
      const result = await mls.createCommit(
        { state, cipherSuite: cs },
        {
          extraProposals,
          authenticatedData: authenticatedData.slice(),
        },
      );
      const { newState, welcome } = result;
      checkTree(newState.ratchetTree);
      const group = new Group(newState, result.consumed);
      return {
        group,
        message: encode(result.commit),
        groupInfo: await group.#groupInfo(signer),
        ...(welcome && {
          welcome: group.#withTree({ wireformat: "mls_welcome", welcome }),
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
    if (!equalConstantTime(header.groupId, state.groupContext.groupId)) throw invalid();
    if (header.epoch > this.epoch) {
      throw new FreshnessError("ERR_FROM_FUTURE", "the message is of a later epoch");
    }
    if (header.contentType === "application") {
      if (message.wireformat !== "mls_private_message") throw invalid();
      const { next, consumed, received } = await decryptData(state, message.privateMessage, cs);
      return { group: new Group(next, consumed), received };
    }
    if (header.epoch < this.epoch) {
      throw new FreshnessError("ERR_EXPIRED", "the message is of an earlier epoch");
    }
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
    const { newState, consumed } = await attempt<
      Pick<mls.ProcessMessageResult, "newState" | "consumed">
    >(() => {
      const index = mls.makePskIndex(state, psks);
      return message.wireformat === "mls_private_message"
        ? mls.processPrivateMessage(state, message.privateMessage, index, cs)
        : mls.processPublicMessage(state, message.publicMessage, index, cs);
    }, invalid);
    checkTree(newState.ratchetTree);
    return { group: new Group(newState, consumed), received };
  }

  async #groupInfo(signer: Signer): Promise<Bytes> {
    const cs = algorithmsOf(this.suite, signer);
    const groupInfo = await mls.createGroupInfoWithExternalPub(this.#state, [], cs);
    return this.#withTree({ wireformat: "mls_group_info", groupInfo });
  }

  #withTree(message: Unversioned): Bytes {
    return concat(encode(message), mls.encodeRatchetTree(this.#state.ratchetTree));
  }

  /** Returns the suite's algorithms, if this device can send. */
  #algorithms(signer: Signer) {
    if (!this.isActive) throw new LacreError("ERR_STOPPED", "this device was removed");
    if (!equalConstantTime(signer.publicKey, this.ownLeaf.signatureKey)) {
      throw new KeyError("the signer is of another device than the group");
    }
    return algorithmsOf(this.suite, signer);
  }
}
