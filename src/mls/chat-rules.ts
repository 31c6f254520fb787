// What a device accepts of the commits and proposals of others (docs/PROTOCOL.md, G-8 to G-12).
import { type Bytes, equalConstantTime } from "../bytes.js";
import { LacreError } from "../errors.js";
import type { ChatMessage } from "../messages/chat.js";
import { mlsMessageAad } from "../messages/chat-message-aad.js";
import { compareLogs, continues, deviceOf, devicesAt, type ReadLogs } from "./chat-logs.js";
import type { ChatState } from "./chat-state.js";
import type { ChatEvent, RosterChange } from "./chat-types.js";
import { decodeCommitAad, type NamedLog } from "./commit-aad.js";
import type { Credential } from "./credential.js";
import type { Change, Member } from "./engine-types.js";

/** What an acceptable commit changes, or why it is not applied. */
export type Verdict =
  | { readonly change: RosterChange; readonly named: readonly NamedLog[] }
  | { readonly event: ChatEvent };

/**
 * Checks an authentic commit against the rules of the chat.
 *
 * @returns Undefined if the commit is invalid.
 * @throws {DecodeError} if its authenticated data or a credential is malformed.
 */
export function checkCommit(
  commit: Change,
  message: ChatMessage,
  { group, named: before }: ChatState,
  logs: ReadLogs,
): Verdict | undefined {
  const context = decodeCommitAad(commit.authenticatedData);
  const by = deviceOf(commit.by);
  if (!isFrom(by, message) || commit.others.length > 0) return undefined;
  if (context.chat_id !== message.chat_id || context.client_id !== message.client_id) {
    return undefined;
  }
  const { logs: named } = context;
  const isExternal = commit.by.index === undefined;
  const oldMembers = usersOf(before);
  const members = usersOf(named);
  const isChanging = members.join() !== oldMembers.join();
  if ((isExternal && isChanging) || !continues(named, before)) return undefined;
  const { behind, fork } = compareLogs(named, logs);
  if (fork !== undefined) {
    const { user_id, seq, head } = fork;
    return { event: { kind: "fork", user_id, named: { seq, head: head.slice() as Bytes }, by } };
  }
  if (behind.length > 0) return { event: { kind: "log_needed", user_ids: behind } };

  const removed = new Set(commit.removed.map(({ index }) => index));
  const kept = group.roster.filter(({ index }) => !removed.has(index));
  // A device that joins cannot remove others: only its own leaf is checked.
  const checked: Member[] = isExternal ? [commit.by] : [...kept, ...commit.added];
  const allowed = new Map(
    named.map(({ user_id, seq }) => [user_id, devicesAt(logs.get(user_id)!, seq)]),
  );
  const devices = checked.map(deviceOf);
  if (!devices.every(({ user_id, device }) => allowed.get(user_id)?.has(device))) return undefined;
  const isByMember = isExternal || kept.some(({ index }) => index === commit.by.index);
  if (!isByMember) return undefined;
  const added = isExternal ? [by] : commit.added.map(deviceOf);
  const change = {
    epoch: group.epoch + 1n,
    by,
    added,
    removed: commit.removed.map(deviceOf),
    joined: members.filter((user_id) => !oldMembers.includes(user_id)),
    left: oldMembers.filter((user_id) => !members.includes(user_id)),
  };
  return { change, named };
}

/** Returns the error about what no member accepts. */
export function invalidInChat(): LacreError {
  return new LacreError("ERR_VERIFY", "invalid in this chat, or rejected");
}

/** Returns the ids of the users of named logs. */
export function usersOf(named: readonly NamedLog[]): number[] {
  return named.map(({ user_id }) => user_id);
}

/** Returns whether an authentic proposal is one that the chat has: a device proposes to remove itself, because its user leaves. */
export function isLeaving(proposal: Change, message: ChatMessage): boolean {
  const { by, added, removed, others, authenticatedData } = proposal;
  const [leaf] = removed;
  const isRemoval = removed.length === 1 && added.length === 0 && others.length === 0;
  return (
    isRemoval &&
    leaf!.index === by.index &&
    isFrom(deviceOf(by), message) &&
    hasAad(message, authenticatedData)
  );
}

/** Returns whether a device is the one that a message names as its sender. */
export function isFrom({ user_id, device }: Credential, message: ChatMessage): boolean {
  return user_id === message.sender_id && device === message.device;
}

/** Returns whether the authenticated data of a message or a proposal is that of its fields. */
export function hasAad(message: ChatMessage, authenticatedData: Uint8Array): boolean {
  const aad = mlsMessageAad(message);
  return aad !== undefined && equalConstantTime(aad, authenticatedData);
}
