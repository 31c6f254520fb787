import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8 } from "./hex.js";

// Builds entries of device logs byte by byte, valid or not, without the code of the library.

/** A key that signs. */
export interface TestKey {
  readonly publicKey: Uint8Array;
  readonly sign: (data: Uint8Array) => Uint8Array;
}

/** Returns the Ed25519 key of a seed, or of a seed of 32 equal bytes. */
export function testKey(seed: number | Uint8Array): TestKey {
  const bytes = typeof seed === "number" ? new Uint8Array(32).fill(seed) : seed;
  return {
    publicKey: ed25519.getPublicKey(bytes),
    sign: (data) => ed25519.sign(data, bytes),
  };
}

export const OP = { begin: 1, add: 2, remove: 3, recovery: 4, reset: 5 } as const;
export const ZEROS = new Uint8Array(32);
/** Time of all entries in Unix milliseconds, unless a test gives another. */
export const ENTRY_TIME = 1_700_000_000_000;

/** The fields of an entry. By default they are those of an entry that follows `after` and is signed correctly. */
export interface EntryFields {
  readonly after?: readonly Uint8Array[];
  readonly op: number;
  readonly signer: TestKey;
  readonly subject?: Uint8Array;
  readonly recovery?: Uint8Array;
  readonly acceptor?: TestKey | undefined;
  readonly label?: string;
  readonly user?: number | bigint;
  readonly seq?: number;
  readonly previous?: Uint8Array;
  readonly time?: number | bigint;
  /** Signs in place of `signer`, whose public key stays in the entry. */
  readonly signedBy?: TestKey;
  readonly change?: (signature: Uint8Array) => Uint8Array;
  readonly changeAcceptance?: (acceptance: Uint8Array) => Uint8Array;
}

const big = (value: number | bigint, size: number) =>
  Uint8Array.from({ length: size }, (_, at) =>
    Number((BigInt(value) >> BigInt(8 * (size - 1 - at))) & 0xffn),
  );

export const joinBytes = (...parts: readonly Uint8Array[]) =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

/** Returns the part of an entry that is signed. */
export function signedPart(fields: EntryFields): Uint8Array {
  const {
    after = [],
    op,
    signer,
    subject = ZEROS,
    recovery = ZEROS,
    label = "lacre/log/1\0",
  } = fields;
  const { user = 7, seq = after.length + 1, time = ENTRY_TIME } = fields;
  const { previous = after.length === 0 ? ZEROS : headOf(after.at(-1)!) } = fields;
  const chain = [big(user, 8), big(seq, 4), previous, big(time, 8), big(op, 1)];
  return joinBytes(utf8(label), ...chain, signer.publicKey, subject, recovery);
}

/** Returns an entry. */
export function madeEntry(fields: EntryFields): Uint8Array {
  const { signer, signedBy = signer, acceptor, change, changeAcceptance } = fields;
  const signed = signedPart(fields);
  const signature = signedBy.sign(signed);
  const accepted = joinBytes(utf8("lacre/log-accept/1\0"), sha256(signed));
  const acceptance = acceptor?.sign(accepted) ?? new Uint8Array(64);
  return joinBytes(
    signed,
    change?.(signature) ?? signature,
    changeAcceptance?.(acceptance) ?? acceptance,
  );
}

/** Returns the head of an entry. */
export function headOf(entry: Uint8Array): Uint8Array {
  return sha256(entry.subarray(0, 161));
}

/** Returns the entries that begin a log with a device. */
export function begun(device: TestKey, recovery: TestKey, user = 7): Uint8Array[] {
  const keys = { signer: device, subject: device.publicKey, recovery: recovery.publicKey };
  return [madeEntry({ op: OP.begin, ...keys, acceptor: recovery, user })];
}

/** Returns a log with a further device, which `signer` adds. */
export function withDevice(
  after: readonly Uint8Array[],
  signer: TestKey,
  device: TestKey,
): Uint8Array[] {
  const keys = { signer, subject: device.publicKey, acceptor: device };
  return [...after, madeEntry({ after, op: OP.add, ...keys })];
}

/** Returns a log without a device, which `signer` removes. */
export function withoutDevice(
  after: readonly Uint8Array[],
  signer: TestKey,
  device: TestKey,
): Uint8Array[] {
  return [...after, madeEntry({ after, op: OP.remove, signer, subject: device.publicKey })];
}

/** Returns a log that a new device and a new recovery key reset. */
export function withReset(
  after: readonly Uint8Array[],
  device: TestKey,
  recovery: TestKey,
): Uint8Array[] {
  const keys = { signer: device, subject: device.publicKey, recovery: recovery.publicKey };
  return [...after, madeEntry({ after, op: OP.reset, ...keys, acceptor: recovery })];
}

/** Returns a log whose recovery key is replaced. */
export function withRecovery(
  after: readonly Uint8Array[],
  signer: TestKey,
  next: TestKey,
): Uint8Array[] {
  const keys = { signer, recovery: next.publicKey, acceptor: next };
  return [...after, madeEntry({ after, op: OP.recovery, ...keys })];
}
