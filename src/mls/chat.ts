import { invalidArgument, objectArgument, timeArgument } from "../arguments.js";
import type { Bytes } from "../bytes.js";
import { type BodyOptions, bodyRules } from "../e2e/body.js";
import type { NewContent } from "../e2e/content.js";
import type { ChatMessage } from "../messages/chat.js";
import type { AnyContentDefinition } from "../messages/define-content.js";
import { changesArgument, deviceArgument, identityArgument } from "./chat-arguments.js";
import * as commits from "./chat-commits.js";
import { createChat, joinByInvitation, joinExternally, loadState } from "./chat-joining.js";
import { deviceOf, forkedUsers, logsArgument } from "./chat-logs.js";
import { MAX_UNREADABLE, receiveMessage } from "./chat-receive.js";
import { usersOf } from "./chat-rules.js";
import { dueCommit, missingDevices } from "./chat-schedule.js";
import { encryptContent, proposeLeaving } from "./chat-send.js";
import { type ChatState, encodeChatState } from "./chat-state.js";
import type {
  ChatChanges,
  ChatEvent,
  CommitRequest,
  ContentToEncrypt,
  DueCommit,
  Invitation,
  Logs,
  MessageIdentity,
  NewChat,
  Rejoin,
} from "./chat-types.js";
import type { Credential } from "./credential.js";
import type { Device } from "./device.js";

/** The next chat, and the request to send once its state is stored. */
export interface CommitStep {
  readonly chat: MlsChat;
  readonly request: CommitRequest;
  /** Devices of members that are not in the group, because the key packages have no valid one of them. Show them to the user. */
  readonly missing: readonly Credential[];
}

/** The next chat, and the message to send once its state is stored. */
export interface MessageStep {
  readonly chat: MlsChat;
  readonly message: ChatMessage;
}

/** The next chat, and what happened. Store its state, and what the event has, in one transaction. */
export interface ReceivedStep<Definition extends AnyContentDefinition = never> {
  readonly chat: MlsChat;
  readonly event: ChatEvent<Definition>;
}

/** Token that the constructor requires, so that callers cannot create a chat from an object of theirs. */
const FROM_THIS_MODULE = Symbol();
/** Length of the part of the epoch's authenticator that devices compare, in bytes. */
const AUTHENTICATOR_BYTES = 32;

/**
 * An MLS chat (RFC 9420) as one device knows it (docs/PROTOCOL.md, section 14). It does not change: each step returns the next
 * chat. **Store `chat.state` before you send what a step returned**, and use the chat before it no more: a device that encrypts
 * twice from one state makes messages that others reject. It has no clock and does no I/O. It never appears in logs.
 *
 * ```ts
 * const content = { kind: "text", text: "hola" } as const;
 * const sent = await mlsChat.encrypt({ content, client_id: crypto.randomUUID(), timestamp: now });
 * save(sent.chat.state, sent.message); // in one transaction, before the message leaves
 * ```
 */
export class MlsChat {
  readonly #device: Device;
  readonly #state: ChatState;

  private constructor(token: symbol, device: Device, state: ChatState) {
    if (token !== FROM_THIS_MODULE) {
      throw invalidArgument("chat", "must come from MlsChat.create, join, rejoin or load");
    }
    this.#device = device;
    this.#state = state;
    Object.freeze(this);
  }

  /**
   * Creates the group of a chat that the server has created, and the commit that adds the devices of its members.
   *
   * @throws {ValidationError} if an argument is invalid, or there are more than 64 members.
   * @throws {DeviceLogError} `ERR_DEVICE_LOG_BEHIND` if the log of a member is missing.
   * @throws {KeyError} if the device is not in the log of its user.
   * @throws {LacreError} `ERR_VERIFY` if there are more than 256 devices.
   *
   * ```ts
   * const others = { add: [9], keyPackages, logs };
   * const made = await MlsChat.create(device, { chat_id, suite, ...others, ...identityOf() });
   * save(made.chat.state); // before `made.request` is sent
   * ```
   */
  static async create(device: Device, options: NewChat): Promise<CommitStep> {
    return MlsChat.#step(deviceArgument(device), await createChat(device, options));
  }

  /**
   * Joins a chat by an invitation. Ignore an invitation to a chat of which this device has an active state: it may be to another group.
   *
   * @param previous - The chat as this device had it, if it has it: an invitation to another group, or to no later epoch, is rejected.
   * @returns The chat, and the index of the used one in `keep`, which is to be deleted when the state is stored.
   * @throws {DecodeError} if the invitation is malformed.
   * @throws {DecryptError} if it is for none of these key packages.
   * @throws {DeviceLogError} `ERR_DEVICE_LOG_BEHIND` if a log is missing or too short: fetch the logs of `user_ids`. If they have
   * no new entry, do not join: the group has a device that is in no log. `ERR_DEVICE_LOG_FORK` if the group was made under
   * another log of a user.
   * @throws {LacreError} `ERR_VERIFY` if the group is invalid, or of another chat.
   *
   * ```ts
   * const { chat, used } = await MlsChat.join(newDevice, { chat_id, content, keep, logs, now });
   * ```
   */
  static async join(
    device: Device,
    invitation: Invitation,
    previous?: MlsChat,
  ): Promise<{ chat: MlsChat; used: number }> {
    const before = MlsChat.#stateOf(previous);
    const { state, used } = await joinByInvitation(deviceArgument(device), invitation, before);
    return { chat: new MlsChat(FROM_THIS_MODULE, device, state), used };
  }

  /**
   * Joins a chat by an external commit: as a new device of a member, or again after the state was lost or cannot follow the
   * group. The messages before it stay unreadable for a new device.
   *
   * @param previous - The chat as this device had it, if it has it: its past epochs stay readable, and the group info of another
   * group or of an earlier epoch is rejected.
   * @throws {DecodeError} if the group info is malformed.
   * @throws {DeviceLogError} as `join`.
   * @throws {KeyError} if the device is not in the log of its user.
   * @throws {LacreError} `ERR_VERIFY` if the group info is invalid, of another chat or group, older than `previous`, or if the
   * user is not a member.
   *
   * ```ts
   * const options = { chat_id, group_info, logs, ...identityOf() };
   * const { chat, request } = await MlsChat.rejoin(device, options, mlsChat);
   * ```
   */
  static async rejoin(device: Device, options: Rejoin, previous?: MlsChat): Promise<CommitStep> {
    deviceArgument(device);
    return MlsChat.#step(device, await joinExternally(device, options, MlsChat.#stateOf(previous)));
  }

  /**
   * Loads a stored chat.
   *
   * @throws {DecodeError} if the state is malformed.
   * @throws {LacreError} `ERR_VERIFY` if it is of another device.
   */
  static async load(device: Device, state: Uint8Array): Promise<MlsChat> {
    const loaded = await loadState(deviceArgument(device), state);
    return new MlsChat(FROM_THIS_MODULE, device, loaded);
  }

  /** Returns all that is to be stored of the chat, with its secrets. Encrypt it at rest. */
  get state(): Bytes {
    return encodeChatState(this.#state);
  }

  /** Id of the chat, which its group id contains. */
  get chat_id(): number {
    return commits.chatOf(this.#state.group);
  }

  /** 0xf00d or 1. A chat keeps its suite. */
  get suite(): 1 | 0xf00d {
    return this.#state.group.suite;
  }

  /** The epoch of RFC 9420, which each commit increases by one. */
  get epoch(): bigint {
    return this.#state.group.epoch;
  }

  /** The devices in the group. */
  get roster(): Credential[] {
    return this.#state.group.roster.map(deviceOf);
  }

  /** Ids of the members. A member's devices can be missing in the roster. */
  get members(): number[] {
    return usersOf(this.#state.named);
  }

  /** Returns the members of whom the last commit names another log than these, because their log was replaced. */
  forked(logs: Logs): number[] {
    return forkedUsers(this.#state.named, logsArgument(logs));
  }

  /** 32 bytes that are the same for all devices that agree about this epoch and all before it (RFC 9420, section 8.7). */
  get authenticator(): Bytes {
    return this.#state.group.authenticator.slice(0, AUTHENTICATOR_BYTES);
  }

  /** The commit that waits for the server's answer. After a crash, send it again: the same client id is stored once. */
  get pending(): CommitRequest | undefined {
    const { pending } = this.#state;
    return pending && commits.copyOfRequest(pending.request);
  }

  /** Whether this device can encrypt: it was not removed, and is not about to rejoin. */
  get isActive(): boolean {
    return this.#state.group.isActive && !commits.isRejoining(this.#state);
  }

  /** Whether to rejoin: three messages of the current or a later epoch in a row did not decrypt, and this device was not removed. */
  get needsRejoin(): boolean {
    const { group, unreadable } = this.#state;
    return group.isActive && unreadable >= MAX_UNREADABLE;
  }

  /**
   * Encrypts a message for the devices in the group.
   *
   * @throws {ValidationError} if a field is invalid, the body exceeds `maxBodyBytes`, or the result 720,000 bytes.
   * @throws {MlsChatError} `ERR_NOT_IN_GROUP` if the chat is not active; `ERR_COMMIT_PENDING` if a commit must
   * come first: after `leaving`, or while a device that was removed from its user's log is in the group (see `due`).
   */
  async encrypt<const Definition extends AnyContentDefinition = never>(
    message: ContentToEncrypt<NewContent<Definition>>,
    options: BodyOptions<Definition> = {},
  ): Promise<MessageStep> {
    const rules = bodyRules(objectArgument(options, "options"));
    const { content, ...rest } = objectArgument(message, "message");
    const own = identityArgument(rest);
    return this.#sent(await encryptContent(this.#device, this.#state, content, own, rules));
  }

  /**
   * Receives a message of the chat, in the order of seqs. What it contains never throws: it is an event.
   *
   * @param logs - The device logs of the members, and of the users that a commit adds. Default: none, for which a commit returns
   * `log_needed`.
   * @throws {ValidationError} if an argument is invalid.
   *
   * ```ts
   * const { chat, event } = await mlsChat.receive(message, logs);
   * ```
   */
  async receive<const Definition extends AnyContentDefinition = never>(
    message: ChatMessage,
    logs: Logs = [],
    options: BodyOptions<Definition> = {},
  ): Promise<ReceivedStep<Definition>> {
    const rules = bodyRules(objectArgument(options, "options"));
    const own = { ...objectArgument(message, "message") };
    const read = logsArgument(logs);
    const { state, event } = await receiveMessage(this.#device, this.#state, own, read, rules);
    return { chat: this.#next(state), event };
  }

  /**
   * Commits changes, or an update of this device's keys if there are none. The chat stays in its epoch until `accept`, or until it
   * receives the commit.
   *
   * @throws {MlsChatError} `ERR_COMMIT_PENDING` if a commit is pending, `ERR_NOT_IN_GROUP` if the chat is not active.
   * @throws {DeviceLogError} `ERR_DEVICE_LOG_BEHIND` if a log is missing or too short.
   * @throws {ValidationError} if an argument is invalid, or there would be more than 64 members.
   * @throws {LacreError} `ERR_VERIFY` if there would be more than 256 devices.
   *
   * ```ts
   * const { chat, request } = await mlsChat.commit({ remove: [9], logs, ...identityOf() });
   * ```
   */
  async commit(changes: ChatChanges): Promise<CommitStep> {
    const own = changesArgument(changes);
    const step = await commits.commitChanges(this.#device, this.#state, own);
    return MlsChat.#step(this.#device, step);
  }

  /**
   * Proposes that the user leaves. The next commit of another user's device removes all devices of the user. Propose it again if
   * a commit comes first that does not.
   *
   * @throws {MlsChatError} `ERR_NOT_IN_GROUP` if the chat is not active, `ERR_COMMIT_PENDING` if a commit is pending.
   */
  async leave(identity: MessageIdentity): Promise<MessageStep> {
    const own = identityArgument(objectArgument(identity, "identity"));
    return this.#sent(await proposeLeaving(this.#device, this.#state, own));
  }

  /**
   * Applies the pending commit, after the server has acknowledged it. Receiving the commit does the same.
   *
   * @throws {ValidationError} if no commit is pending.
   */
  accept(): ReceivedStep {
    const accepted = commits.acceptPending(this.#state, this.#device);
    if (accepted === undefined) throw invalidArgument("chat", "has no pending commit");
    return { chat: this.#next(accepted.state), event: { kind: "roster", ...accepted.change } };
  }

  /**
   * Removes the pending commit, after the server has rejected it for another reason than the epoch. After a conflict of epochs,
   * receive the other commit instead. A rejoin cannot be withdrawn: rejoin again.
   */
  withdraw(): MlsChat {
    const { pending, ...rest } = this.#state;
    return commits.isRejoining(this.#state) || pending === undefined ? this : this.#next(rest);
  }

  /**
   * Returns the commit that this device should make, and when.
   *
   * @param options - `now` is the Unix time in seconds.
   */
  due(options: { readonly logs: Logs; readonly now: number }): DueCommit | undefined {
    const { logs, now } = objectArgument(options, "options");
    const milliseconds = timeArgument(now, "now") * 1000;
    return dueCommit(this.#device, this.#state, logsArgument(logs), milliseconds);
  }

  /** Returns the devices of members that are not in the group: add them with key packages of theirs. */
  missing(logs: Logs): Credential[] {
    return missingDevices(this.#state, logsArgument(logs));
  }

  /**
   * Overwrites the secrets that the step to this chat used up, as far as JavaScript permits. Call it after the state is stored.
   * Afterwards, the chat before it and the other chats that steps from there returned throw a KeyError when they encrypt or commit.
   */
  eraseConsumed(): void {
    this.#state.group.eraseConsumed();
  }

  static #stateOf(previous: MlsChat | undefined): ChatState | undefined {
    if (previous === undefined) return undefined;
    if (typeof previous === "object" && previous !== null && #state in previous) {
      return previous.#state;
    }
    throw invalidArgument("previous", "must be an MlsChat");
  }

  static #step(device: Device, { state, request, missing }: commits.Step): CommitStep {
    const chat = new MlsChat(FROM_THIS_MODULE, device, state);
    return { chat, request: commits.copyOfRequest(request), missing };
  }

  #sent({ state, message }: { state: ChatState; message: ChatMessage }): MessageStep {
    return { chat: this.#next(state), message };
  }

  #next(state: ChatState): MlsChat {
    return new MlsChat(FROM_THIS_MODULE, this.#device, state);
  }
}
