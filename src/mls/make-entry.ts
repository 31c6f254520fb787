import { invalidArgument, objectArgument, timeArgument } from "../arguments.js";
import { type Bytes, concat, copyOfBytes, equalConstantTime as isEqual } from "../bytes.js";
import { ED25519_SIGNATURE_BYTES } from "../crypto/ed25519.js";
import { wholeMilliseconds } from "../messages/chat-message-aad.js";
import { type DeviceLog, extendLog, logArgument } from "./device-log.js";
import { invalidEntry } from "./errors.js";
import * as layout from "./log-entry.js";
import { type EntrySigner, signerOf } from "./signers.js";

/** Maximum age of an acceptance in seconds, and the maximum difference between the clocks of the two devices. */
const MAX_ACCEPTANCE_AGE = 600;

/** A change of a user's devices. */
export type LogChange = {
  /** A Device of the log, or its RecoveryKey. */
  readonly signer: EntrySigner;
  /** Unix time in seconds. */
  readonly now: number;
} & (
  | {
      readonly op: "add";
      /** Public key of the new device, as `readDeviceLink` returns it. */
      readonly publicKey: Uint8Array;
      /** What `accept` of the new device returned, at most 10 minutes ago. */
      readonly acceptance: Uint8Array;
    }
  | {
      readonly op: "remove";
      /** Id of the device. */
      readonly device: string;
    }
  | {
      readonly op: "recovery";
      /** The new RecoveryKey, which replaces the one that signs. */
      readonly recoveryKey: EntrySigner;
    }
);

/** The fields of all changes, as JavaScript callers may mix them. */
interface AnyChange {
  readonly op: string;
  readonly signer: EntrySigner;
  readonly now: number;
  readonly publicKey?: unknown;
  readonly acceptance?: unknown;
  readonly device?: unknown;
  readonly recoveryKey?: EntrySigner;
}

/**
 * Makes the next entry of a log, 289 bytes. Send it to the server, and extend the log with it after the server has accepted it.
 *
 * @throws {DeviceLogError} `ERR_DEVICE_LOG_INVALID` if the log does not permit the change, or if there is no acceptance of this
 * device for this signer and the present log.
 *
 * ```ts
 * const removal = await makeEntry(log, { op: "remove", signer: device, device: lost.id, now });
 * ```
 */
export async function makeEntry(log: DeviceLog, change: LogChange): Promise<Bytes> {
  const given = objectArgument(change, "change") as AnyChange;
  const { op, signer: key, now, publicKey, acceptance, device, recoveryKey } = given;
  const signer = signerOf(key, "change.signer");
  const draft = drafting(logArgument(log), signer.publicKey);
  let made: Bytes;
  if (op === "add") {
    made = accepted(draft, { publicKey, acceptance, now });
  } else if (op === "remove") {
    const subject = log.devices.find(({ id }) => id === device)?.publicKey;
    if (subject === undefined) throw invalidEntry("removes a device that is not in the log");
    made = concat(draft({ op, time: timeOf(now), subject }), NO_ACCEPTANCE);
  } else if (op === "recovery") {
    const acceptor = signerOf(recoveryKey!, "change.recoveryKey");
    const signed = draft({ op, time: timeOf(now), recovery: acceptor.publicKey });
    made = await accept(signed, acceptor.sign);
  } else {
    throw invalidArgument("change.op", "must be add, remove or recovery");
  }
  return finished(log, made, signer.sign);
}

/** Makes the first entry of a user's log, or the one that resets `log`. The other arguments are checked. */
export async function beginLog(
  user_id: number,
  now: number,
  [device, recoveryKey]: readonly [EntrySigner, EntrySigner],
  log?: DeviceLog,
): Promise<Bytes> {
  if (log !== undefined && logArgument(log).user_id !== user_id)
    throw invalidEntry("is of another user");
  const [{ publicKey, sign }, acceptor] = [signerOf(device), signerOf(recoveryKey)];
  const keys = { signer: publicKey, subject: publicKey, recovery: acceptor.publicKey };
  const [seq, previous] = [(log?.seq ?? 0) + 1, log?.head ?? layout.NO_KEY];
  const op = layout.OPS[log === undefined ? "begin" : "reset"];
  const signed = layout.encodeSigned({ user_id, seq, previous, time: timeOf(now), op, ...keys });
  return finished(log, await accept(signed, acceptor.sign), sign, user_id);
}

/** Returns the acceptances of a new device, 225 bytes for each key that can add it. */
export async function acceptances(
  log: DeviceLog,
  device: EntrySigner,
  now: number,
): Promise<Bytes> {
  const { publicKey: subject, sign } = signerOf(device);
  const time = timeOf(now);
  const keys = [...log.devices.map(({ publicKey }) => publicKey), log.recoveryPublicKey];
  const signed = keys.map((key) => drafting(log, key)({ op: "add", time, subject }));
  return concat(...(await Promise.all(signed.map((part) => accept(part, sign)))));
}

type Sign = (data: Uint8Array) => Promise<Bytes>;
type Draft = (fields: {
  readonly op: keyof typeof layout.OPS;
  /** Unix time in milliseconds. */
  readonly time: number;
  readonly subject?: Bytes;
  readonly recovery?: Bytes;
}) => Bytes;

const NO_ACCEPTANCE = /* @__PURE__ */ new Uint8Array(ED25519_SIGNATURE_BYTES);

/** Returns a function that encodes the signed part of the next entry. */
function drafting(log: DeviceLog, signer: Bytes): Draft {
  const chain = { user_id: log.user_id, seq: log.seq + 1, previous: log.head, signer };
  return ({ op, subject = layout.NO_KEY, recovery = layout.NO_KEY, time }) =>
    layout.encodeSigned({ ...chain, time, op: layout.OPS[op], subject, recovery });
}

/** Returns the signed part of an entry, and the acceptance of it. */
async function accept(signed: Bytes, sign: Sign): Promise<Bytes> {
  return concat(signed, await sign(layout.acceptanceInput(layout.headOf(signed))));
}

/** Returns the acceptance of a device for exactly this draft. It signs nothing that the log did not lead to. */
function accepted(
  draft: Draft,
  given: { readonly publicKey: unknown; readonly acceptance: unknown; readonly now: number },
): Bytes {
  const subject = copyOfBytes(given.publicKey) ?? layout.NO_KEY;
  const all = copyOfBytes(given.acceptance) ?? layout.NO_KEY;
  const now = timeOf(given.now);
  for (let at = 0; at < all.length; at += layout.ACCEPTED_BYTES) {
    const one = all.slice(at, at + layout.ACCEPTED_BYTES) as Bytes;
    const time = layout.decodeEntry(concat(one, NO_ACCEPTANCE))?.time ?? Number.NaN;
    if (!(Math.abs(now - time) <= MAX_ACCEPTANCE_AGE * 1000)) continue;
    const signed = draft({ op: "add", time, subject });
    if (isEqual(signed, one.subarray(0, signed.length))) return one;
  }
  throw invalidEntry(
    "has no acceptance of this device for this signer and log: let it accept again",
  );
}

/** Adds the signature to a signed part and its acceptance, and verifies the entry as its readers do. */
async function finished(
  log: DeviceLog | undefined,
  made: Bytes,
  sign: Sign,
  user_id?: number,
): Promise<Bytes> {
  const at = made.length - ED25519_SIGNATURE_BYTES;
  const [signed, acceptance] = [made.slice(0, at), made.slice(at)];
  const entry = concat(signed, await sign(signed), acceptance);
  extendLog(log, entry, user_id ?? log?.user_id);
  return entry;
}

/** Returns the time of an entry. @throws {ValidationError} if `now` is not a Unix time in seconds. */
function timeOf(now: number): number {
  if (timeArgument(now, "now") >= 0) return wholeMilliseconds(now);
  throw invalidArgument("now", "must be a Unix time from 1970 on");
}
