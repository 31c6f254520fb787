import { type DeviceLog, DeviceLogError, extendLog, readLog } from "lacre/mls";
import type { Store } from "../database/store.js";
import { HttpError } from "../errors.js";
import type { ActiveSession } from "../identity/sessions.js";

/** The op of a reset, which is byte 64 of an entry (docs/PROTOCOL.md, A-3). */
const RESET = 5;
/** More than the entries of any log: docs/PROTOCOL.md, A-4. */
const ALL_ENTRIES = 1025;

/** Result of adding an entry. */
export interface AddedEntry {
  readonly last_seq: number;
  /** Whether the log did not have the entry before. */
  readonly isNew: boolean;
  /** Sessions that the entry ended: they are revoked. */
  readonly endedSessions: readonly Uint8Array[];
}

/**
 * Verifies an entry against the user's stored log, and stores it. The user's devices are locked meanwhile, so that several
 * entries with one seq, on any instance, leave one of them.
 *
 * @throws {HttpError} if the entry does not follow the log, or another entry has its seq.
 */
export function addEntry(
  store: Store,
  session: ActiveSession,
  entry: Uint8Array,
): Promise<AddedEntry> {
  const { user_id } = session;
  return store.transaction(async (inside) => {
    await inside.devices.lock([user_id]);
    const log = await readStoredLog(inside, user_id);
    const next = extended(log, entry, user_id);
    if (next === log) return { last_seq: log.seq, isNew: false, endedSessions: [] };
    const endedSessions = await storeNext(inside, session, log, next);
    return { last_seq: next.seq, isNew: true, endedSessions };
  });
}

/** Reads a user's log. Its signatures were verified before the entries were stored, and are not verified again. */
export async function readStoredLog(store: Store, user_id: number): Promise<DeviceLog | undefined> {
  const entries = await store.devices.listEntries(user_id, { limit: ALL_ENTRIES });
  const verified = entries.at(-1);
  if (verified === undefined) return undefined;
  const bytes = entries.map(({ entry }) => entry);
  return readLog(bytes, { user_id, verified });
}

function extended(log: DeviceLog | undefined, entry: Uint8Array, user_id: number): DeviceLog {
  try {
    return extendLog(log, entry, user_id);
  } catch (error) {
    if (!(error instanceof DeviceLogError)) throw error;
    const [seq, last_seq] = [seqOf(entry), log?.seq ?? 0];
    const isTaken = seq > 0 && seq <= last_seq;
    if (!isTaken) throw new HttpError(422, "ERR_DEVICE_LOG_INVALID", error.message);
    throw new HttpError(
      409,
      "ERR_LOG_TAKEN",
      "another entry has this seq: fetch the log, and make the entry again if it is still needed",
      { last_seq },
    );
  }
}

/** Reads the seq of an entry of 289 bytes (docs/PROTOCOL.md, A-3). */
function seqOf(entry: Uint8Array): number {
  return new DataView(entry.buffer, entry.byteOffset).getUint32(20);
}

/** Returns whether an entry of 289 bytes is one that resets the log. */
export function isReset(entry: Uint8Array): boolean {
  return entry[64] === RESET;
}

/** Stores the entry that follows a log, and what it changes. Returns the revoked sessions. */
async function storeNext(
  inside: Store,
  { session_id }: ActiveSession,
  log: DeviceLog | undefined,
  next: DeviceLog,
): Promise<readonly Uint8Array[]> {
  const { user_id, seq, head } = next;
  const { op, subject, bytes } = next.entries.at(-1)!;
  const now = Date.now() / 1000;
  await inside.devices.addEntry({ user_id, seq, head, entry: bytes, stored_at: now });
  const before = log?.devices ?? [];
  for (const { id } of without(next.devices, before)) await inside.devices.add(user_id, id);
  const ended: Uint8Array[] = [];
  if (op === "reset") {
    await inside.sessions.rebind(session_id, subject!);
    ended.push(...(await inside.sessions.revokeOthers({ id: session_id, user_id }, now)));
  }
  for (const { id: device } of without(before, next.devices)) {
    await inside.devices.markRemoved(user_id, device, now);
    await inside.keyPackages.deleteOf(user_id, device);
    await inside.commits.deleteInvitationsOf({ user_id, device });
    ended.push(...(await inside.sessions.revokeOfDevice({ user_id, device }, now)));
  }
  return ended;
}

function without<Device extends { readonly id: string }>(
  devices: readonly Device[],
  others: readonly Device[],
): Device[] {
  return devices.filter(({ id }) => !others.some((other) => other.id === id));
}
