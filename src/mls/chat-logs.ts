// Device logs compared with the group, and with what commits name.
import { invalidArgument, listArgument } from "../arguments.js";
import { type Bytes, equalConstantTime } from "../bytes.js";
import { DecodeError } from "../errors.js";
import type { NamedLog } from "./commit-aad.js";
import { type Credential, decodeCredential } from "./credential.js";
import { deviceId } from "./device-id.js";
import { type DeviceLog, type LogEntry, logArgument } from "./device-log.js";
import type { Leaf, Member } from "./engine-types.js";
import { DeviceLogError } from "./errors.js";

/** A log as the rules of commits read it. */
interface ReadLog {
  readonly seq: number;
  readonly head: Bytes;
  readonly entries: readonly LogEntry[];
  /** Ids of all devices that the log ever had. */
  readonly ever: ReadonlySet<string>;
}

/** Logs by the ids of their users. */
export type ReadLogs = ReadonlyMap<number, ReadLog>;

/** What was read of logs, which do not change: each message of each chat needs all of them, and a log has up to 1,024 entries. */
const known = /* @__PURE__ */ new WeakMap<DeviceLog, ReadLog>();

function readOnce(log: DeviceLog): ReadLog {
  const before = known.get(log);
  if (before !== undefined) return before;
  const { seq, head, entries } = log;
  const subjects = entries.flatMap(({ subject }) => subject ?? []);
  const read = { seq, head, entries, ever: new Set(subjects) };
  known.set(log, read);
  return read;
}

/** Reads the argument `logs`. @throws {ValidationError} if it has anything but logs, or two logs of a user. */
export function logsArgument(logs: Iterable<DeviceLog>): ReadLogs {
  const list = listArgument(logs, "logs").map(logArgument);
  const byUser = new Map(list.map((log) => [log.user_id, readOnce(log)] as const));
  if (byUser.size === list.length) return byUser;
  throw invalidArgument("logs", "must have one log of each user");
}

/** Returns what a commit under these logs names. @throws {DeviceLogError} `ERR_DEVICE_LOG_BEHIND` if a log is missing. */
export function namedLogs(logs: ReadLogs, user_ids: readonly number[]): NamedLog[] {
  requireLogs(user_ids.filter((user_id) => !logs.has(user_id)));
  return user_ids.map((user_id) => {
    const { seq, head } = logs.get(user_id)!;
    return { user_id, seq, head };
  });
}

/** @throws {DeviceLogError} `ERR_DEVICE_LOG_BEHIND` if there are users whose logs are to be fetched. */
export function requireLogs(user_ids: Iterable<number>): void {
  const missing = [...new Set(user_ids)].sort((a, b) => a - b);
  if (missing.length === 0) return;
  const message = `device logs are missing or too short: fetch those of users ${missing.join(", ")}`;
  throw new DeviceLogError("ERR_DEVICE_LOG_BEHIND", message, [], missing);
}

/**
 * Checks that the logs continue what commits named.
 *
 * @throws {DeviceLogError} `ERR_DEVICE_LOG_BEHIND` or `ERR_DEVICE_LOG_FORK`.
 */
export function requireContinued(named: readonly NamedLog[], logs: ReadLogs): void {
  const { behind, fork } = compareLogs(named, logs);
  if (fork !== undefined) {
    const message = `the group was made under another device log of user ${fork.user_id}`;
    throw new DeviceLogError("ERR_DEVICE_LOG_FORK", message, [], [fork.user_id]);
  }
  requireLogs(behind);
}

/** Compares what a commit names with the logs of this device. */
export function compareLogs(
  named: readonly NamedLog[],
  logs: ReadLogs,
): { readonly behind: readonly number[]; readonly fork?: NamedLog } {
  const behind: number[] = [];
  for (const one of named) {
    const entry = logs.get(one.user_id)?.entries[one.seq - 1];
    if (entry === undefined) behind.push(one.user_id);
    else if (!equalConstantTime(entry.head, one.head)) return { behind: [], fork: one };
  }
  return { behind };
}

/** Returns the users of whom these logs do not have the named entry. Users without a log are ignored. */
export function forkedUsers(named: readonly NamedLog[], logs: ReadLogs): number[] {
  const isOther = (one: NamedLog) => {
    const { behind, fork } = compareLogs([one], logs);
    return logs.has(one.user_id) && (fork !== undefined || behind.length > 0);
  };
  return named.filter(isOther).map(({ user_id }) => user_id);
}

/** Returns whether a commit names no log with fewer entries, or with another head, than the commit before it. */
export function continues(named: readonly NamedLog[], before: readonly NamedLog[]): boolean {
  const last = new Map(before.map((one) => [one.user_id, one]));
  return named.every(({ user_id, seq, head }) => {
    const known = last.get(user_id);
    if (known === undefined || seq > known.seq) return true;
    return seq === known.seq && equalConstantTime(head, known.head);
  });
}

/** Returns the ids of the devices that a log had after the entry of a seq. */
export function devicesAt({ entries }: ReadLog, seq: number): ReadonlySet<string> {
  const devices = new Set<string>();
  for (const { op, subject } of entries.slice(0, seq)) {
    if (op === "reset") devices.clear();
    if (op === "remove") devices.delete(subject!);
    else if (subject !== undefined) devices.add(subject);
  }
  return devices;
}

/**
 * Returns the users who proposed to leave. A device that was removed from the log of its user cannot propose that for the user.
 */
export function leavingUsers(
  group: { readonly roster: readonly Leaf[]; readonly proposedRemovals: readonly number[] },
  logs: ReadLogs,
): Set<number> {
  const proposed = group.roster.filter(({ index }) => group.proposedRemovals.includes(index));
  const leaving = proposed.filter((leaf) => !hasRemovedDevice([leaf], logs));
  return new Set(leaving.map((leaf) => deviceOf(leaf).user_id));
}

/** Returns whether a group has a device that the log of its user has no longer. Users without a log are ignored. */
export function hasRemovedDevice(roster: readonly Member[], logs: ReadLogs): boolean {
  const current = new Map([...logs].map(([user, log]) => [user, devicesAt(log, log.seq)] as const));
  return roster
    .map(deviceOf)
    .some(({ user_id, device }) => current.get(user_id)?.has(device) === false);
}

/** Returns the device of a leaf. @throws {DecodeError} if its credential is malformed, or of another key. */
export function deviceOf({ identity, signatureKey }: Member): Credential {
  const credential = decodeCredential(identity);
  if (credential.device === deviceId(signatureKey)) return credential;
  throw new DecodeError("the credential is of another key");
}

/** Returns whether a leaf is a device that the log of its user ever had. */
export function wasDevice(leaf: Member, logs: ReadLogs): boolean {
  const { user_id, device } = deviceOf(leaf);
  return logs.get(user_id)?.ever.has(device) ?? false;
}

/**
 * Returns the rules by which a device joins: each leaf is a device that the log of its user ever had. `run` throws
 * `ERR_DEVICE_LOG_BEHIND` if logs do not have the devices of leaves, with the users of all of them.
 */
export function joinerRules(logs: ReadLogs) {
  const needed = new Set<number>();
  return {
    credential(identity: Uint8Array, signatureKey: Uint8Array): boolean {
      const leaf = { identity, signatureKey };
      if (!wasDevice(leaf, logs)) needed.add(deviceOf(leaf).user_id);
      // Without a rejection, all leaves are seen. `run` rejects them afterwards.
      return true;
    },
    change: () => true,
    async run<T>(join: () => Promise<T>): Promise<T> {
      try {
        return await join();
      } catch (error) {
        // After a fork, a log does not have the devices of the other one, and never will.
        if ((error as Partial<DeviceLogError>).code === "ERR_DEVICE_LOG_FORK") needed.clear();
        throw error;
      } finally {
        requireLogs(needed);
      }
    },
  };
}
