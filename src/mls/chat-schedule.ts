// When a device should commit, and what devices are missing.
import { deviceOf, devicesAt, leavingUsers, type ReadLogs } from "./chat-logs.js";
import { usersOf } from "./chat-rules.js";
import type { ChatState } from "./chat-state.js";
import type { DueCommit } from "./chat-types.js";
import type { Credential } from "./credential.js";
import type { Device } from "./device.js";

/** Age of a device's keys after which it replaces them, in milliseconds. */
const MAX_AGE = 7 * 24 * 3_600_000;
/** Number of a device's messages after which it replaces its keys. */
const MAX_SENT = 200;
/** Share by which these limits differ between devices, so that the devices of a group do not commit at the same time. */
const JITTER = 0.2;
/** Seconds by which each device waits longer than the device before it in the tree, for what any device can commit. */
const TURN = 10;

/** Returns the commit that a device should make. `now` is in Unix milliseconds. */
export function dueCommit(
  device: Device,
  { group, named, updatedAt, sent, pending }: ChatState,
  logs: ReadLogs,
  now: number,
): DueCommit | undefined {
  if (pending !== undefined || !group.isActive) return undefined;
  const roster = group.roster;
  const proposed = new Set(group.proposedRemovals);
  const current = new Map(
    usersOf(named).map((user_id) => {
      const log = logs.get(user_id);
      return [user_id, log && devicesAt(log, log.seq)] as const;
    }),
  );
  const isStale = (leaf: (typeof roster)[number]) => {
    const { user_id, device: id } = deviceOf(leaf);
    return proposed.has(leaf.index) || current.get(user_id)?.has(id) === false;
  };
  const leaving = leavingUsers(group, logs);
  const able = roster.filter((leaf) => !isStale(leaf) && !leaving.has(deviceOf(leaf).user_id));
  const turn = able.findIndex(({ index }) => index === group.ownLeaf.index);
  if (turn < 0) return undefined;
  if (able.length < roster.length) return { reason: "roster", after: turn * TURN };
  const share = 1 - JITTER * (Number.parseInt(device.id.slice(0, 4), 16) / 0x10000);
  const age = Math.max(0, updatedAt + share * MAX_AGE - now);
  return { reason: "update", after: sent >= share * MAX_SENT ? 0 : age / 1000 };
}

/** Returns the devices of members' logs that are not in the group. */
export function missingDevices({ group, named }: ChatState, logs: ReadLogs): Credential[] {
  const present = new Set(group.roster.map((leaf) => deviceOf(leaf).device));
  return usersOf(named).flatMap((user_id) => {
    const log = logs.get(user_id);
    const ids = log === undefined ? [] : [...devicesAt(log, log.seq)];
    return ids.filter((id) => !present.has(id)).map((device) => ({ user_id, device }));
  });
}
