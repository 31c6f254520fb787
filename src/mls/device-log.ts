import { invalidArgument, listArgument, objectArgument } from "../arguments.js";
import { type Bytes, copyOfBytes, equalConstantTime as isEqual } from "../bytes.js";
import { isEd25519PublicKey, verifyEd25519 } from "../crypto/ed25519.js";
import { deviceId } from "./device-id.js";
import { DeviceLogError, invalidEntry } from "./errors.js";
import { DIGEST_BYTES, isId, MAX_LOG_SEQ } from "./limits.js";
import { acceptanceInput, type Entry, isEmpty, NO_KEY, OPS, readEntry } from "./log-entry.js";

/** Maximum number of devices that a user has at a time. */
const MAX_DEVICES = 8;

/** A device of a user's log. */
export interface LoggedDevice {
  /** 32 lower-case hexadecimal digits. */
  readonly id: string;
  /** Ed25519 public key, 32 bytes. */
  readonly publicKey: Bytes;
  /** When the device was added, by the clock of the device that signed that: Unix time in seconds. */
  readonly addedAt: number;
}

/** One entry of a log. */
export interface LogEntry {
  readonly seq: number;
  readonly op: keyof typeof OPS;
  /** Unix time in seconds, by the clock of the device that signed the entry. */
  readonly time: number;
  /** Id of the device that signed the entry; undefined for the recovery key. */
  readonly signer?: string | undefined;
  /** Id of the device that was added or removed; undefined for `recovery`. */
  readonly subject?: string | undefined;
  /** SHA-256 digest that identifies the entry and all entries before it. */
  readonly head: Bytes;
  /** The entry as it is stored and sent, 289 bytes. */
  readonly bytes: Bytes;
}

/** What a client remembers of the log of a user: the number of its entries, and the head of the last one. */
export interface LogPin {
  readonly seq: number;
  readonly head: Uint8Array;
}

interface State {
  readonly user_id: number;
  readonly entries: readonly Entry[];
  readonly base: Bytes;
  readonly recovery: Bytes;
  readonly devices: readonly LoggedDevice[];
  /** Public keys of the devices that were removed. */
  readonly removed: readonly Bytes[];
}

const states = /* @__PURE__ */ new WeakMap<DeviceLog, State>();

/**
 * A verified log of the devices of one user. It does not change: `extendLog` returns a new one. Store the bytes of its entries,
 * and read them with `readLog`.
 */
export class DeviceLog {
  private constructor() {
    throw invalidArgument("log", LOG_NEEDED);
  }

  /** Id of the user whose devices these are. */
  get user_id(): number {
    return stateOf(this).user_id;
  }

  /** Number of entries. */
  get seq(): number {
    return stateOf(this).entries.length;
  }

  /** Head of the last entry, 32 bytes. Pin it together with `seq`. */
  get head(): Bytes {
    return stateOf(this).entries.at(-1)!.head.slice();
  }

  /** Head of the last entry that did not add a device, 32 bytes. The safety number is computed from it. */
  get base(): Bytes {
    return stateOf(this).base.slice();
  }

  /** Public key of the recovery key, 32 bytes. */
  get recoveryPublicKey(): Bytes {
    return stateOf(this).recovery.slice();
  }

  /** The devices that were added and not removed, 8 at most. */
  get devices(): LoggedDevice[] {
    return stateOf(this).devices.map((one) => ({ ...one, publicKey: one.publicKey.slice() }));
  }

  /** All entries in the order of their seqs. */
  get entries(): LogEntry[] {
    const state = stateOf(this);
    return state.entries.map(({ seq, op, time, signer, subject, head, bytes }) => ({
      ...{
        seq,
        op: OP_NAMES[op - 1]!,
        time: time / 1000,
        head: head.slice(),
        bytes: bytes.slice(),
      },
      signer: wasIn(state, signer) ? deviceId(signer) : undefined,
      subject: isEmpty(subject) ? undefined : deviceId(subject),
    }));
  }
}

const OP_NAMES = /* @__PURE__ */ Object.keys(OPS) as (keyof typeof OPS)[];
const LOG_NEEDED = "must be a DeviceLog of readLog or extendLog";

function logOf(state: State): DeviceLog {
  const log: DeviceLog = Object.create(DeviceLog.prototype);
  states.set(log, state);
  return Object.freeze(log);
}

/** Returns an argument that must be a log. @throws {ValidationError} if it is not a DeviceLog. */
export function logArgument(log: DeviceLog): DeviceLog {
  stateOf(log);
  return log;
}

function stateOf(log: DeviceLog): State {
  const state = states.get(log);
  if (state === undefined) throw invalidArgument("log", LOG_NEEDED);
  return state;
}

/**
 * Verifies an entry, and returns the log with it (docs/PROTOCOL.md, A-4 and A-5). An entry that the log has already is accepted
 * again.
 *
 * @param log - The log up to the entry; undefined for the first entry.
 * @param entry - 289 bytes.
 * @param user_id - Id of the user whose log it is. Required for the first entry.
 * @throws {DeviceLogError} `ERR_DEVICE_LOG_INVALID` if the entry does not follow the rules; `ERR_DEVICE_LOG_FORK` if it is signed
 * correctly for another log of this user.
 *
 * ```ts
 * const log = extendLog(undefined, entry, user_id);
 * ```
 */
export function extendLog(
  log: DeviceLog | undefined,
  entry: Uint8Array,
  user_id: number | undefined = log?.user_id,
): DeviceLog {
  const state = log === undefined ? undefined : stateOf(log);
  if (!isId(user_id) || user_id !== (state?.user_id ?? user_id)) {
    throw invalidArgument("user_id", "must be the id of the user whose log it is");
  }
  const next = readEntry(entry);
  const known = state?.entries[next.seq - 1];
  if (known === undefined) return logOf(following(state, next, user_id));
  if (isEqual(known.head, next.head)) return log!;
  following(before(state!, next.seq), next, user_id);
  throw fork([known.bytes, next.bytes]);
}

/**
 * Verifies a whole log, and compares it with what the client pinned (docs/PROTOCOL.md, A-5). Verification takes less than a
 * millisecond for each entry in Node, Bun and Deno, and a few milliseconds elsewhere, where it runs in JavaScript.
 *
 * @param entries - The entries from seq 1 on, 289 bytes each.
 * @param options - `pin` is the seq and head of this user's log when the client last saw it, or that DeviceLog. `verified` is the
 * seq and head up to which the caller verified the log before it stored the entries: their signatures are not verified again.
 * @throws {DeviceLogError} `ERR_DEVICE_LOG_INVALID` if an entry does not follow the rules; `ERR_DEVICE_LOG_BEHIND` if the log has
 * fewer entries than the pin; `ERR_DEVICE_LOG_FORK` if it does not continue the pinned log.
 *
 * ```ts
 * const log = readLog(entries, { user_id, pin });
 * ```
 */
export function readLog(
  entries: Iterable<Uint8Array>,
  options: {
    readonly user_id: number;
    readonly pin?: LogPin | undefined;
    readonly verified?: LogPin | undefined;
  },
): DeviceLog {
  const { user_id, pin, verified } = objectArgument(options, "options");
  const pinned = pinArgument(pin, "options.pin");
  const known = pinArgument(verified, "options.verified");
  const given = listArgument(entries, "entries");
  let log = known && replayed(given.splice(0, known.seq), user_id, known);
  for (const entry of given) {
    const before = log?.seq ?? 0;
    log = extendLog(log, entry, user_id);
    if (log.seq !== before + 1) throw invalidEntry("is there twice");
  }
  if (log === undefined || log.seq < (pinned?.seq ?? 0)) {
    const seen = log?.seq ?? 0;
    if (pinned === undefined) throw invalidEntry("is missing: a log has at least one");
    const message = `the device log has ${seen} entries, and had ${pinned.seq}: fetch it again`;
    throw new DeviceLogError("ERR_DEVICE_LOG_BEHIND", message);
  }
  const { head, bytes } = stateOf(log).entries[(pinned?.seq ?? 1) - 1]!;
  if (pinned !== undefined && !isEqual(head, pinned.head)) throw fork([bytes]);
  return log;
}

function pinArgument(
  pin: LogPin | undefined,
  name: string,
): { seq: number; head: Bytes } | undefined {
  if (pin === undefined) return undefined;
  const { seq, head } = objectArgument(pin, name);
  const own = copyOfBytes(head);
  if (!isId(seq) || own?.length !== DIGEST_BYTES) {
    throw invalidArgument(name, "must have a seq from 1 on, and a head of 32 bytes");
  }
  return { seq, head: own };
}

/**
 * Returns the log of entries that the caller verified before. Each entry has the head of the one before it, so that the last
 * head determines all that the entries say.
 */
function replayed(entries: readonly Uint8Array[], user_id: number, known: LogPin): DeviceLog {
  const state = entries.reduce<State | undefined>(
    (before, entry) => following(before, readEntry(entry), user_id, true),
    undefined,
  );
  const last = state?.entries.at(-1);
  if (last?.seq === known.seq && isEqual(last.head, known.head)) return logOf(state!);
  throw invalidEntry("is not the one that was verified");
}

function fork(entries: readonly Bytes[]): DeviceLogError {
  const message = "the server shows two different device logs of this user";
  return new DeviceLogError(
    "ERR_DEVICE_LOG_FORK",
    message,
    entries.map((bytes) => bytes.slice()),
  );
}

/** Returns the state before the entry of a seq, whose entries are verified already. */
function before(state: State, seq: number): State | undefined {
  const verified = state.entries.slice(0, seq - 1);
  return verified.reduce<State | undefined>(applied, undefined);
}

/**
 * Returns the state after an entry. Does not verify the signatures of an entry that `isVerified`.
 *
 * @throws {DeviceLogError} if the entry does not follow the rules of A-4.
 */
function following(
  state: State | undefined,
  entry: Entry,
  user_id: number,
  isVerified = false,
): State {
  const { seq, previous, signer, signed } = entry;
  if (entry.user_id !== user_id) throw invalidEntry("is of another user");
  if (seq !== (state?.entries.length ?? 0) + 1) throw invalidEntry("does not have the next seq");
  if (seq > MAX_LOG_SEQ) throw invalidEntry(`is past seq ${MAX_LOG_SEQ}`);
  const last = state?.entries.at(-1);
  if (!isEqual(previous, last?.head ?? NO_KEY)) {
    // An entry of the user's own key after another head proves that the server showed that device another log.
    if (last !== undefined && maySign(state!, signer)) {
      if (verifyEd25519(signer, signed, entry.signature)) throw fork([last.bytes, entry.bytes]);
    }
    throw invalidEntry("does not refer to the entry before it");
  }
  const { newKeys, acceptor } = rules(state, entry);
  if (isVerified) return applied(state, entry);
  if (!newKeys.every(isEd25519PublicKey)) throw invalidEntry("has an invalid public key");
  if (!verifyEd25519(signer, signed, entry.signature))
    throw invalidEntry("is not signed by its signer");
  const isAccepted =
    acceptor === undefined
      ? isEmpty(entry.acceptance)
      : verifyEd25519(acceptor, acceptanceInput(entry.head), entry.acceptance);
  if (!isAccepted) throw invalidEntry("does not have the right acceptance");
  return applied(state, entry);
}

/** What is left to check of an entry: the keys that it introduces, and the key that must accept it. */
interface Rules {
  readonly newKeys: readonly Bytes[];
  readonly acceptor?: Bytes;
}

function rules(state: State | undefined, { op, signer, subject, recovery }: Entry): Rules {
  if (state === undefined ? op !== OPS.begin : op === OPS.begin)
    throw invalidEntry("begins a log that has begun, or does not begin one");
  if (state === undefined || op === OPS.reset) {
    if (!isEqual(signer, subject)) throw invalidEntry("must be signed by the device that it adds");
    if (state !== undefined && wasIn(state, subject)) throw addedAgain();
    return { newKeys: [subject, recovery], acceptor: recovery };
  }
  if (op === OPS.recovery) {
    if (!isEqual(signer, state.recovery)) throw invalidEntry("must be signed by the recovery key");
    if (!isEmpty(subject)) throw invalidEntry("must not have a subject");
    return { newKeys: [recovery], acceptor: recovery };
  }
  if (op !== OPS.add && op !== OPS.remove) throw invalidEntry("has an unknown op");
  if (!maySign(state, signer))
    throw invalidEntry("is not signed by a device of the log, nor by the recovery key");
  if (!isEmpty(recovery)) throw invalidEntry("must not have a recovery key");
  if (op === OPS.remove) {
    if (!isIn(state, subject)) throw invalidEntry("removes a device that is not in the log");
    return { newKeys: [] };
  }
  if (wasIn(state, subject)) throw addedAgain();
  if (state.devices.length >= MAX_DEVICES) throw invalidEntry(`adds a device to ${MAX_DEVICES}`);
  return { newKeys: [subject], acceptor: subject };
}

const addedAgain = () => invalidEntry("adds a device that the log had before");

function isIn({ devices }: State, key: Bytes): boolean {
  return devices.some(({ publicKey }) => isEqual(publicKey, key));
}

function wasIn(state: State, key: Bytes): boolean {
  return isIn(state, key) || state.removed.some((one) => isEqual(one, key));
}

/** Returns whether a key may sign entries that add or remove devices. */
function maySign(state: State, key: Bytes): boolean {
  return isIn(state, key) || isEqual(key, state.recovery);
}

/** Returns the state after a verified entry. */
function applied(state: State | undefined, entry: Entry): State {
  const { user_id, op, subject, recovery, head } = entry;
  const before = state?.devices ?? [];
  const isReset = op === OPS.reset;
  const others = before.filter(({ publicKey }) => !isReset && !isEqual(publicKey, subject));
  const gone = before.filter((one) => !others.includes(one)).map(({ publicKey }) => publicKey);
  const isAdded = op !== OPS.remove && op !== OPS.recovery;
  const device = { id: deviceId(subject), publicKey: subject, addedAt: entry.time / 1000 };
  return {
    user_id,
    entries: [...(state?.entries ?? []), entry],
    base: op === OPS.add ? state!.base : head,
    recovery: isEmpty(recovery) ? state!.recovery : recovery,
    devices: isAdded ? [...others, device] : others,
    removed: [...(state?.removed ?? []), ...gone],
  };
}
