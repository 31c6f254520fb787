// The layouts of history keys and chunks (docs/PROTOCOL.md, A-15 and A-16).
import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, concat, decodeHex, encodeHex, equalConstantTime } from "../bytes.js";
import { ED25519_SIGNATURE_BYTES } from "../crypto/ed25519.js";
import { MAX_UNIX_TIME } from "../limits.js";
import { LayoutReader, labelled, uint } from "../wire/layout.js";
import { DEVICE_ID_BYTES, isId } from "./limits.js";

const KEY_LABEL = "lacre/history-key/1\0";
const CHUNK_LABEL = "lacre/history/1\0";
/** Length of an X-Wing public key in bytes. */
export const PUBLIC_KEY_BYTES = 1216;
/** Length of what is encapsulated to such a key, in bytes. */
const ENC_BYTES = 1120;
/** Length of a published history key in bytes. */
export const HISTORY_KEY_BYTES = 1308;
/** Length of the part of a chunk before what is encrypted, in bytes. */
const HEAD_BYTES = 89;
/** Length of the shortest ciphertext: the shortest padded plaintext and a tag. */
const MIN_CIPHERTEXT_BYTES = 144;
const MIN_CHUNK_BYTES = HEAD_BYTES + ENC_BYTES + MIN_CIPHERTEXT_BYTES + ED25519_SIGNATURE_BYTES;
/** Maximum length of a chunk in bytes. */
export const MAX_CHUNK_BYTES = 143_360;

/** The kinds of chunks, by their numbers in the layout. */
export const [MESSAGES, PINS] = [1, 2] as const;

/** The clear fields of a chunk. */
export interface ChunkHead {
  readonly kind: typeof MESSAGES | typeof PINS;
  readonly user_id: number;
  /** Id of the history key: 32 lower-case hexadecimal digits. */
  readonly to: string;
  /** Id of the device that wrote it. */
  readonly device: string;
  /** 0 for pins, as are both seqs. */
  readonly chat_id: number;
  readonly first_seq: number;
  readonly last_seq: number;
  /** Unix time in milliseconds. */
  readonly time: number;
}

/** A decoded chunk. Only its layout has been checked. */
export interface HistoryChunk extends ChunkHead {
  /** The bytes before what is encrypted. */
  readonly head: Bytes;
  readonly enc: Bytes;
  readonly ciphertext: Bytes;
  /** What the signature covers. */
  readonly signed: Bytes;
  readonly signature: Bytes;
}

/** Returns the id of a history key: 32 lower-case hexadecimal digits. */
export function historyId(publicKey: Uint8Array): string {
  const digest = sha256(labelled("lacre/history-id/1\0", publicKey));
  return encodeHex(digest.subarray(0, DEVICE_ID_BYTES));
}

/** Encodes the part of a published history key that is signed. */
export function encodeHistoryKeySigned(user_id: number, publicKey: Uint8Array): Bytes {
  return labelled(KEY_LABEL, uint(user_id, 8), publicKey);
}

/** Decodes a published history key. Returns undefined for bytes of another length or label, or with an id out of range. */
export function decodeHistoryKey(bytes: Uint8Array) {
  if (bytes.length !== HISTORY_KEY_BYTES) return undefined;
  const reader = new LayoutReader(bytes);
  const label = reader.bytes(KEY_LABEL.length);
  const user_id = reader.uint(8);
  const publicKey = reader.bytes(PUBLIC_KEY_BYTES);
  if (!equalConstantTime(label, labelled(KEY_LABEL)) || !isId(user_id)) return undefined;
  const signature = reader.bytes(ED25519_SIGNATURE_BYTES);
  const signed = bytes.slice(0, -ED25519_SIGNATURE_BYTES) as Bytes;
  return { user_id, publicKey, signed, signature };
}

/** Encodes the part of a chunk before what is encrypted. */
export function encodeChunkHead(head: ChunkHead): Bytes {
  const { kind, user_id, to, device, chat_id, first_seq, last_seq, time } = head;
  const ids = [uint(kind, 1), uint(user_id, 8), decodeHex(to)!, decodeHex(device)!];
  const numbers = [chat_id, first_seq, last_seq, time].map((value) => uint(value, 8));
  return labelled(CHUNK_LABEL, ...ids, ...numbers);
}

/** Returns what the signature of a chunk covers. */
export function signedChunk(head: Uint8Array, enc: Uint8Array, ciphertext: Uint8Array): Bytes {
  return concat(head, sha256(concat(enc, ciphertext)));
}

/** Decodes a chunk. Returns undefined for bytes of another length or label, or with a field out of range. */
export function decodeChunk(bytes: Uint8Array): HistoryChunk | undefined {
  if (bytes.length < MIN_CHUNK_BYTES || bytes.length > MAX_CHUNK_BYTES) return undefined;
  const reader = new LayoutReader(bytes);
  const label = reader.bytes(CHUNK_LABEL.length);
  const fields = {
    kind: reader.uint(1) as ChunkHead["kind"],
    user_id: reader.uint(8),
    to: encodeHex(reader.bytes(DEVICE_ID_BYTES)),
    device: encodeHex(reader.bytes(DEVICE_ID_BYTES)),
    chat_id: reader.uint(8),
    first_seq: reader.uint(8),
    last_seq: reader.uint(8),
    time: reader.uint(8),
  };
  if (!equalConstantTime(label, labelled(CHUNK_LABEL)) || !isInRange(fields)) return undefined;
  const enc = reader.bytes(ENC_BYTES);
  const ciphertext = reader.bytes(reader.rest - ED25519_SIGNATURE_BYTES);
  const signature = reader.bytes(ED25519_SIGNATURE_BYTES);
  const head = bytes.slice(0, HEAD_BYTES) as Bytes;
  const signed = signedChunk(head, enc, ciphertext);
  return { ...fields, head, enc, ciphertext, signed, signature };
}

function isInRange({ kind, user_id, chat_id, first_seq, last_seq, time }: ChunkHead): boolean {
  if (!isId(user_id) || time > MAX_UNIX_TIME * 1000) return false;
  if (kind === PINS) return chat_id === 0 && first_seq === 0 && last_seq === 0;
  return kind === MESSAGES && [chat_id, first_seq, last_seq].every(isId) && first_seq <= last_seq;
}
