// The commits that a device makes, and how it joins.
import { invalidArgument } from "../arguments.js";
import { type Bytes, encodeHex } from "../bytes.js";
import { randomBytes } from "../crypto/random.js";
import { DecodeError, KeyError } from "../errors.js";
import { AEAD_NONCE_BYTES } from "../limits.js";
import { wholeMilliseconds } from "../messages/chat-message-aad.js";
import { LayoutReader } from "../wire/layout.js";
import type { Changes } from "./chat-arguments.js";
import {
  deviceOf,
  devicesAt,
  leavingUsers,
  namedLogs,
  type ReadLogs,
  requireContinued,
} from "./chat-logs.js";
import { usersOf } from "./chat-rules.js";
import type { ChatState, Pending } from "./chat-state.js";
import type { CommitRequest, MessageIdentity, RosterChange } from "./chat-types.js";
import { readKeyPackageHeader } from "./clear-fields.js";
import { encodeCommitAad, encodeNamedLogs, MAX_USERS, type NamedLog } from "./commit-aad.js";
import type { Credential } from "./credential.js";
import type { Device } from "./device.js";
import type { Group } from "./engine.js";
import { MlsChatError } from "./errors.js";
import { signerOf } from "./signers.js";

/** Error about a step that a device cannot make before the server has acknowledged its rejoin. */
export const REJOIN_PENDING =
  "the rejoin is pending: pass the server's answer to accept, or rejoin again";

/** A step that needs the server: the next state, with the request in it, and devices without a key package. */
export interface Step {
  readonly state: ChatState;
  readonly request: CommitRequest;
  readonly missing: readonly Credential[];
}

/**
 * Commits changes. The state stays in its epoch, and has the commit as its pending one.
 *
 * @param old - Ids of the users whom the server lists as members before the commit. In a new chat this is only its creator.
 */
export async function commitChanges(
  device: Device,
  state: ChatState,
  { add, remove, keyPackages, logs, ...identity }: Changes,
  old: readonly number[] = usersOf(state.named),
): Promise<Step> {
  const { group, named: before } = state;
  requireNoPending(state);
  requireActive(group);
  const proposed = new Set(group.proposedRemovals);
  const gone = new Set([...remove, ...leavingUsers(group, logs)]);
  if (gone.has(device.user_id)) {
    throw invalidArgument("remove", "must not have the own user: use leave, and let others commit");
  }
  const users = sortedUsers([...usersOf(before), ...add].filter((id) => !gone.has(id)));
  const named = namedLogs(logs, users);
  requireContinued(
    before.filter(({ user_id }) => !gone.has(user_id)),
    logs,
  );
  const allowed = devicesOf(named, logs);
  requireOwn(device, allowed);
  const isAllowed = ({ user_id, device: id }: Credential) => allowed.get(user_id)?.has(id) ?? false;
  const kept = group.roster.filter(
    (leaf) => isAllowed(deviceOf(leaf)) && !proposed.has(leaf.index),
  );
  const present = new Set(kept.map((leaf) => deviceOf(leaf).device));
  const added = await usable(
    keyPackages,
    group,
    (one) => isAllowed(one) && !present.has(one.device),
  );
  const keptLeaves = new Set(kept.map(({ index }) => index));
  const removed = group.roster
    .map(({ index }) => index)
    .filter((index) => !keptLeaves.has(index) && !proposed.has(index));
  const changes = { add: [...added.values()], remove: removed };
  const commit = await group.commit(
    signerOf(device),
    changes,
    encodeCommitAad({ chat_id: chatOf(group), client_id: identity.client_id, logs: named }),
    {
      credential: (identity, signatureKey) => isAllowed(deviceOf({ identity, signatureKey })),
      change: () => true,
    },
    encodeNamedLogs(named),
  );
  // A commit that only adds devices has no path, and so does not replace the keys of this device.
  const hasPath = removed.length + proposed.size > 0 || added.size === 0;
  const request: CommitRequest = {
    message: { ...messageOf(device, group, commit.message, identity), content_type: "commit" },
    add: users.filter((id) => !old.includes(id)),
    remove: old.filter((id) => !users.includes(id)),
    ...(commit.welcome && {
      invitation: { device_ids: [...added.keys()], content: commit.welcome },
    }),
    group_info: commit.groupInfo,
  };
  const updatedAt = hasPath ? wholeMilliseconds(identity.timestamp) : state.updatedAt;
  const pending: Pending = { group: commit.group.withoutPast(), named, request, updatedAt };
  const missing = [...allowed].flatMap(([user_id, ids]) =>
    [...ids]
      .filter((id) => !present.has(id) && !added.has(id))
      .map((id) => ({ user_id, device: id })),
  );
  return { state: { ...state, group: commit.before, pending }, request, missing };
}

/** Returns the valid key packages of devices that are to be added, by the ids of the devices. */
async function usable(
  keyPackages: readonly Bytes[],
  { suite, encryptionKeys }: Group,
  isWanted: (device: Credential) => boolean,
): Promise<Map<string, Bytes>> {
  const { validEncryptionKey } = await import("./engine.js");
  // A device that copied the key of another one would make the whole commit invalid.
  const taken = new Set(encryptionKeys.map(encodeHex));
  const found = new Map<string, Bytes>();
  for (const bytes of keyPackages) {
    const header = headerOf(bytes);
    if (header === undefined || header.suite !== suite || !isWanted(header)) continue;
    if (found.has(header.device)) continue;
    const key = await validEncryptionKey(bytes);
    if (key === undefined || taken.has(encodeHex(key))) continue;
    taken.add(encodeHex(key));
    found.set(header.device, bytes);
  }
  return found;
}

function headerOf(keyPackage: Bytes) {
  try {
    return readKeyPackageHeader(keyPackage);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** Returns the state after the pending commit, and what that changed. */
export function acceptPending(
  state: ChatState,
  device: Device,
): { state: ChatState; change: RosterChange } | undefined {
  const { pending, ...rest } = state;
  if (pending === undefined) return undefined;
  const by = { user_id: device.user_id, device: device.id };
  if (pending.group === undefined) {
    const { epoch } = state.group;
    const change = { epoch, by, added: [by], removed: [], joined: [], left: [] };
    return { state: rest, change };
  }
  const { named, updatedAt, request } = pending;
  const group = pending.group.after(state.group);
  const [before, after] = [state.group, group].map(({ roster }) => roster.map(deviceOf));
  const change = {
    epoch: group.epoch,
    by,
    added: without(after!, before!),
    removed: without(before!, after!),
    joined: [...request.add],
    left: [...request.remove],
  };
  const sent = updatedAt === state.updatedAt ? state.sent : 0;
  return { state: { group, named, updatedAt, sent, unreadable: 0, isStale: false }, change };
}

function without(devices: readonly Credential[], others: readonly Credential[]): Credential[] {
  const ids = new Set(others.map(({ device }) => device));
  return devices.filter(({ device }) => !ids.has(device));
}

/** Returns a copy of a request for the caller, who may change it or transfer its bytes. */
export function copyOfRequest(request: CommitRequest): CommitRequest {
  const { message, add, remove, invitation, group_info } = request;
  return {
    message: { ...message, content: message.content.slice(), nonce: message.nonce.slice() },
    add: [...add],
    remove: [...remove],
    ...(invitation && {
      invitation: {
        device_ids: [...invitation.device_ids],
        content: invitation.content.slice() as Bytes,
      },
    }),
    group_info: group_info.slice() as Bytes,
  };
}

/** Returns whether the state is that after an external commit that the server has not acknowledged. */
export function isRejoining({ pending }: ChatState): boolean {
  return pending !== undefined && pending.group === undefined;
}

/** @throws {MlsChatError} `ERR_COMMIT_PENDING` if a commit is pending. */
export function requireNoPending(state: ChatState): void {
  if (state.pending === undefined) return;
  const message = isRejoining(state)
    ? REJOIN_PENDING
    : "a commit is pending: pass the server's answer to accept, or call withdraw";
  throw new MlsChatError("ERR_COMMIT_PENDING", message);
}

/** @throws {MlsChatError} `ERR_NOT_IN_GROUP` if the device was removed. */
export function requireActive(group: Group): void {
  if (group.isActive) return;
  throw new MlsChatError("ERR_NOT_IN_GROUP", "this device was removed from the chat");
}

/** Returns a message of this device with MLS content. */
export function messageOf(
  device: Device,
  group: Group,
  content: Bytes,
  { client_id, timestamp }: MessageIdentity,
  epoch = group.epoch,
) {
  return {
    chat_id: chatOf(group),
    sender_id: device.user_id,
    content,
    nonce: randomBytes(AEAD_NONCE_BYTES),
    timestamp: wholeMilliseconds(timestamp) / 1000,
    client_id,
    epoch: Number(epoch),
    device: device.id,
  };
}

/** Returns the id of the chat of a group. */
export function chatOf({ groupId }: { readonly groupId: Uint8Array }): number {
  return new LayoutReader(groupId).uint(8);
}

/** Returns the ids of the devices that users have at the named entries of their logs. */
export function devicesOf(named: readonly NamedLog[], logs: ReadLogs) {
  return new Map(
    named.map(({ user_id, seq }) => [user_id, devicesAt(logs.get(user_id)!, seq)] as const),
  );
}

export function requireOwn(
  device: Device,
  allowed: ReadonlyMap<number, ReadonlySet<string>>,
): void {
  if (allowed.get(device.user_id)?.has(device.id)) return;
  throw new KeyError("this device is not in the log of its user: fetch the log, or add the device");
}

export function sortedUsers(users: readonly number[]): number[] {
  const sorted = [...new Set(users)].sort((a, b) => a - b);
  if (sorted.length <= MAX_USERS) return sorted;
  throw invalidArgument("add", `must leave at most ${MAX_USERS} members`);
}
