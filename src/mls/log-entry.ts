import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, concat, copyOfBytes, equalConstantTime } from "../bytes.js";
import { ED25519_KEY_BYTES, ED25519_SIGNATURE_BYTES } from "../crypto/ed25519.js";
import { MAX_UNIX_TIME } from "../limits.js";
import { LayoutReader, labelled, uint } from "../wire/layout.js";
import { invalidEntry } from "./errors.js";
import { DIGEST_BYTES, isId } from "./limits.js";

const LABEL = "lacre/log/1\0";
/** Length in bytes of the part of an entry that is signed. */
const SIGNED_BYTES = 161;
/** Length of an entry of a device log in bytes. */
export const ENTRY_BYTES = SIGNED_BYTES + 2 * ED25519_SIGNATURE_BYTES;
/** Length in bytes of the signed part and its acceptance, without the signature. */
export const ACCEPTED_BYTES = SIGNED_BYTES + ED25519_SIGNATURE_BYTES;

/** What an entry does, and its number in the layout. */
export const OPS = { begin: 1, add: 2, remove: 3, recovery: 4, reset: 5 } as const;

/** A field without a value. */
export const NO_KEY: Bytes = /* @__PURE__ */ new Uint8Array(ED25519_KEY_BYTES);
const NO_SIGNATURE = /* @__PURE__ */ new Uint8Array(ED25519_SIGNATURE_BYTES);

/** The signed fields of an entry (docs/PROTOCOL.md, A-3). */
export interface EntryFields {
  readonly user_id: number;
  readonly seq: number;
  /** Head of the entry before; zeros at seq 1. */
  readonly previous: Bytes;
  /** Unix time in milliseconds. */
  readonly time: number;
  /** One of OPS in a valid entry. */
  readonly op: number;
  readonly signer: Bytes;
  readonly subject: Bytes;
  readonly recovery: Bytes;
}

/** A decoded entry. Only its layout has been checked. */
export interface Entry extends EntryFields {
  readonly bytes: Bytes;
  /** The part that the signature covers. */
  readonly signed: Bytes;
  /** Digest of `signed`, to which the next entry refers. */
  readonly head: Bytes;
  readonly signature: Bytes;
  readonly acceptance: Bytes;
}

/** Encodes the part of an entry that is signed. */
export function encodeSigned(fields: EntryFields): Bytes {
  const { user_id, seq, previous, time, op, signer, subject, recovery } = fields;
  const chain = [uint(user_id, 8), uint(seq, 4), previous, uint(time, 8), uint(op, 1)];
  return labelled(LABEL, ...chain, signer, subject, recovery);
}

/** Decodes an entry. Returns undefined for bytes of another length or label, or with an id, seq or time out of range. */
export function decodeEntry(bytes: Uint8Array): Entry | undefined {
  if (bytes.length !== ENTRY_BYTES) return undefined;
  const reader = new LayoutReader(bytes);
  const label = reader.bytes(LABEL.length);
  const fields = {
    user_id: reader.uint(8),
    seq: reader.uint(4),
    previous: reader.bytes(DIGEST_BYTES),
    time: reader.uint(8),
    op: reader.uint(1),
    signer: reader.bytes(ED25519_KEY_BYTES),
    subject: reader.bytes(ED25519_KEY_BYTES),
    recovery: reader.bytes(ED25519_KEY_BYTES),
    signature: reader.bytes(ED25519_SIGNATURE_BYTES),
    acceptance: reader.bytes(ED25519_SIGNATURE_BYTES),
  };
  if (!equalConstantTime(label, labelled(LABEL)) || !isId(fields.user_id)) return undefined;
  if (!isId(fields.seq) || fields.time > MAX_UNIX_TIME * 1000) return undefined;
  const signed = bytes.slice(0, SIGNED_BYTES) as Bytes;
  return { ...fields, bytes: bytes.slice() as Bytes, signed, head: headOf(signed) };
}

/** Decodes an entry that a caller passed. @throws {DeviceLogError} if `decodeEntry` returns undefined. */
export function readEntry(entry: Uint8Array): Entry {
  const decoded = decodeEntry(copyOfBytes(entry) ?? NO_KEY);
  if (decoded !== undefined) return decoded;
  throw invalidEntry("must be 289 bytes of the layout lacre/log/1");
}

/** Returns an entry from the part that is signed and its signatures. */
export function joinEntry(
  signed: Uint8Array,
  signature: Uint8Array,
  acceptance: Uint8Array = NO_SIGNATURE,
): Bytes {
  return concat(signed, signature, acceptance);
}

/** Returns the head of an entry: the digest of the part that is signed. */
export function headOf(signed: Uint8Array): Bytes {
  return sha256(signed) as Bytes;
}

/** Returns the bytes that an acceptance signs. */
export function acceptanceInput(head: Uint8Array): Bytes {
  return labelled("lacre/log-accept/1\0", head);
}

/** Returns whether a field has no value. */
export function isEmpty(field: Uint8Array): boolean {
  return field.every((byte) => byte === 0);
}
