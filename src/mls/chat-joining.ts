// How a device comes into a chat: it creates the group, or joins it.
import { invalidArgument, objectArgument, timeArgument } from "../arguments.js";
import { type Bytes, concat, equalConstantTime } from "../bytes.js";
import { randomBytes } from "../crypto/random.js";
import { LacreError } from "../errors.js";
import { wholeMilliseconds } from "../messages/chat-message-aad.js";
import { uint } from "../wire/layout.js";
import {
  bytesArgument,
  bytesListArgument,
  idArgument,
  identityArgument,
  idsArgument,
} from "./chat-arguments.js";
import {
  chatOf,
  commitChanges,
  devicesOf,
  isRejoining,
  messageOf,
  requireOwn,
  type Step,
  sortedUsers,
} from "./chat-commits.js";
import {
  deviceOf,
  hasRemovedDevice,
  joinerRules,
  logsArgument,
  namedLogs,
  type ReadLogs,
  requireContinued,
} from "./chat-logs.js";
import { invalidInChat, usersOf } from "./chat-rules.js";
import { type ChatState, decodeChatState, type Pending } from "./chat-state.js";
import type { CommitRequest, Invitation, NewChat, Rejoin } from "./chat-types.js";
import { decodeNamedLogs, encodeCommitAad, encodeNamedLogs, type NamedLog } from "./commit-aad.js";
import { encodeCredential } from "./credential.js";
import type { Device } from "./device.js";
import type { Suite } from "./engine-types.js";
import { signerOf } from "./signers.js";

/** Length of the random part of a group id in bytes. */
const GROUP_SUFFIX_BYTES = 16;

/** Creates a group with this device alone, and the commit that adds the others. */
export async function createChat(device: Device, options: NewChat): Promise<Step> {
  const { chat_id, suite, add, keyPackages, ...rest } = objectArgument(options, "options");
  idArgument(chat_id, "options.chat_id");
  if (suite !== 1 && suite !== 0xf00d)
    throw invalidArgument("options.suite", "must be 1 or 0xf00d");
  const identity = identityArgument(rest);
  const logs = logsArgument(rest.logs);
  const users = sortedUsers([device.user_id, ...idsArgument(add, "options.add")]);
  const packages = bytesListArgument(keyPackages, "options.keyPackages");
  const named = namedLogs(logs, users);
  const { Group } = await import("./engine.js");
  const group = await Group.create(signerOf(device), {
    suite,
    groupId: concat(uint(chat_id, 8), randomBytes(GROUP_SUFFIX_BYTES)),
    identity: encodeCredential({ user_id: device.user_id, device: device.id }),
  });
  const state = stateOf(group, named, identity.timestamp, logs);
  const changes = { add: users, remove: [], keyPackages: packages, logs, ...identity };
  return commitChanges(device, state, changes, [device.user_id]);
}

/** Joins by an invitation. */
export async function joinByInvitation(
  device: Device,
  invitation: Invitation,
  previous: ChatState | undefined,
): Promise<{ state: ChatState; used: number }> {
  const { chat_id, keep, now, ...rest } = objectArgument(invitation, "invitation");
  idArgument(chat_id, "invitation.chat_id");
  const content = bytesArgument(rest.content, "invitation.content");
  timeArgument(now, "invitation.now");
  const logs = logsArgument(rest.logs);
  const kept = bytesListArgument(keep, "invitation.keep");
  const { Group } = await import("./engine.js");
  const rules = joinerRules(logs);
  const { group, used, named } = await rules.run(async () => {
    const joined = await Group.join(content, kept, rules);
    const named = namedIn(joined.note, joined.group.groupId, chat_id);
    requireContinued(named, logs);
    return { ...joined, named };
  });
  // By an invitation to its own epoch, the device would begin again with keys that it has used.
  if (previous !== undefined && group.epoch <= requireSameGroup(group, previous))
    throw invalidInChat();
  const allowed = devicesOf(named, logs);
  const leaves = group.roster.map(deviceOf);
  const isRoster = leaves.every((leaf) => allowed.get(leaf.user_id)?.has(leaf.device));
  const isCounted = group.epoch <= BigInt(Number.MAX_SAFE_INTEGER);
  if (!isRoster || !isOwnLeaf(device, group) || !isCounted) throw invalidInChat();
  return { state: stateOf(group, named, now, logs), used };
}

/** Joins, or joins again, by an external commit. The state is that after it, with the commit as its pending one. */
export async function joinExternally(
  device: Device,
  options: Rejoin,
  previous: ChatState | undefined,
): Promise<Step> {
  const { chat_id, ...rest } = objectArgument(options, "options");
  idArgument(chat_id, "options.chat_id");
  const group_info = bytesArgument(rest.group_info, "options.group_info");
  const identity = identityArgument(rest);
  const logs = logsArgument(rest.logs);
  const { Group, readGroupInfo } = await import("./engine.js");
  const info = readGroupInfo(group_info);
  const listed = namedIn(info.note, info.groupId, chat_id);
  const users = usersOf(listed);
  const isCounted = info.epoch < BigInt(Number.MAX_SAFE_INTEGER);
  if (!users.includes(device.user_id) || !isCounted) throw invalidInChat();
  if (previous !== undefined) requireSameGroup(info, previous);
  requireContinued(listed, logs);
  const named = namedLogs(logs, users);
  requireOwn(device, devicesOf(named, logs));
  const rules = joinerRules(logs);
  const own = encodeCredential({ user_id: device.user_id, device: device.id });
  const aad = encodeCommitAad({ chat_id, client_id: identity.client_id, logs: named });
  const commit = await rules.run(() =>
    Group.joinExternally(signerOf(device), group_info, own, aad, rules, encodeNamedLogs(named)),
  );
  const isConfirmed = previous !== undefined && !isRejoining(previous);
  const group = previous ? commit.group.after(previous.group, isConfirmed) : commit.group;
  const epoch = group.epoch - 1n;
  const message = messageOf(device, group, commit.message, identity, epoch);
  const request: CommitRequest = {
    message: { ...message, content_type: "commit" },
    add: [],
    remove: [],
    group_info: commit.groupInfo,
  };
  const state = stateOf(group, named, identity.timestamp, logs);
  const pending: Pending = { group: undefined, named, request, updatedAt: state.updatedAt };
  return { state: { ...state, pending }, request, missing: [] };
}

/** Decodes a stored state. @throws {LacreError} `ERR_VERIFY` if it is of another device. */
export async function loadState(device: Device, stored: Uint8Array): Promise<ChatState> {
  const state = await decodeChatState(stored);
  if (isOwnLeaf(device, state.group)) return state;
  throw new LacreError("ERR_VERIFY", "the stored chat is of another device");
}

function isOwnLeaf(device: Device, { ownLeaf }: ChatState["group"]): boolean {
  const own = deviceOf(ownLeaf);
  return own.device === device.id && own.user_id === device.user_id;
}

function stateOf(
  group: ChatState["group"],
  named: ChatState["named"],
  now: number,
  logs: ReadLogs,
): ChatState {
  const isStale = hasRemovedDevice(group.roster, logs);
  return { group, named, updatedAt: wholeMilliseconds(now), sent: 0, unreadable: 0, isStale };
}

/** A group info of a chat that the device knows must be of the same group, and not of an epoch before. Returns the known epoch. */
function requireSameGroup(
  info: { groupId: Uint8Array; suite: Suite; epoch: bigint },
  previous: ChatState,
): bigint {
  const { group } = previous;
  const epoch = isRejoining(previous) ? group.epoch - 1n : group.epoch;
  const isSame = equalConstantTime(info.groupId, group.groupId) && info.suite === group.suite;
  if (!isSame || info.epoch < epoch) throw invalidInChat();
  return epoch;
}

/** Returns the logs that the signer of a group info named for joiners. */
function namedIn(note: Bytes, groupId: Uint8Array, chat_id: number): NamedLog[] {
  const isOfChat = groupId.length === 8 + GROUP_SUFFIX_BYTES && chatOf({ groupId }) === chat_id;
  if (!isOfChat) throw invalidInChat();
  return decodeNamedLogs(note);
}
