import { decode, encode } from "@msgpack/msgpack";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

// Writes and signs frames without the library's encoder and keys, so that the suite cannot share a mistake with a server that
// uses them. Everything here follows docs/PROTOCOL.md, sections 3 to 5.

/** The HMAC keys of two directions, 32 bytes each. */
export interface FrameKeys {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

/** Derives the keys of a connection (S-1, S-3). `salt` is the hello's nonce and then the welcome's; without it, of the handshake. */
export function connectionKeys(sessionKey: Uint8Array, salt?: Uint8Array): FrameKeys {
  return keysFor(sessionKey, ["client", "server"], salt);
}

/** Derives the keys of frames in HTTP bodies (H-10, H-12). */
export function httpFrameKeys(sessionKey: Uint8Array): FrameKeys {
  return keysFor(sessionKey, ["http-client", "http-server"]);
}

function keysFor(
  sessionKey: Uint8Array,
  [client, server]: readonly [string, string],
  salt?: Uint8Array,
): FrameKeys {
  const key = (label: string) => hkdf(sha256, sessionKey, salt, utf8(`lacre/${label}`), 32);
  return { client: key(client), server: key(server) };
}

/** The content of a frame. */
export interface FrameContent {
  readonly type: string;
  /** Fields of the payload, or the payload as MessagePack. */
  readonly payload: object | Uint8Array;
  /** Unix time in seconds. A payload of `message` or `status` without a `timestamp` gets it too (section 7). */
  readonly timestamp: number;
  readonly wire: 1 | 2;
}

/** Encodes a frame and signs it with a key. */
export function signedFrame(
  { type, payload, timestamp, wire }: FrameContent,
  key: Uint8Array,
): Uint8Array {
  const map =
    payload instanceof Uint8Array ? payload : encodePayload(type, payload, timestamp, wire);
  return wire === 1 ? wire1Frame(type, map, timestamp, key) : wire2Frame(type, map, timestamp, key);
}

function wire1Frame(type: string, payload: Uint8Array, timestamp: number, key: Uint8Array) {
  const entries = joined(
    ...[encode("type"), encode(type), encode("payload"), payload],
    ...[encode("timestamp"), float(timestamp)],
  );
  const signature = hex(hmac(sha256, key, joined(Uint8Array.of(0x83), entries)));
  return joined(Uint8Array.of(0x84), entries, encode("signature"), encode(signature));
}

function wire2Frame(type: string, payload: Uint8Array, timestamp: number, key: Uint8Array) {
  const covered = joined(
    ...[Uint8Array.of(0x97, 2), encode(""), encode(uuidV7(timestamp)), float(timestamp)],
    ...[encode(type), encode(payload)],
  );
  return joined(covered, encode(hmac(sha256, key, covered)));
}

/** Encodes a wire 1 frame with its entries in reverse order, which is legal (W1-7). */
export function reversedFrame(
  { type, payload, timestamp }: Pick<FrameContent, "type" | "payload" | "timestamp">,
  key: Uint8Array,
): Uint8Array {
  const frame = signedFrame({ type, payload, timestamp, wire: 1 }, key);
  const parts = [
    joined(encode("type"), encode(type)),
    joined(encode("timestamp"), float(timestamp)),
    joined(encode("signature"), encode(new TextDecoder().decode(frame.subarray(-64)))),
  ] as const;
  const [first, time, signature] = parts;
  return joined(Uint8Array.of(0x84), signature, time, remainingEntry(frame, parts)!, first);
}

/** Returns a wire 1 frame with its signature in upper case, which is not valid (W1-8). */
export function withUpperCaseSignature(frame: Uint8Array): Uint8Array {
  const start = frame.length - 64;
  return frame.map((byte, at) => (at >= start && byte >= 0x61 ? byte - 0x20 : byte));
}

/** Optional fields that wire 1 writes as nil (W1-3), of the types that the suite sends. */
const NIL: Readonly<Record<string, Readonly<Record<string, null>>>> = {
  message: { message_id: null },
  status: { chat_id: null },
};

function encodePayload(type: string, payload: object, timestamp: number, wire: 1 | 2): Uint8Array {
  const own = type in NIL ? { timestamp, ...(wire === 1 && NIL[type]) } : {};
  const entries = Object.entries({ ...own, ...payload }).filter(([, value]) => value !== undefined);
  const head = entries.length < 16 ? [0x80 | entries.length] : [0xde, 0, entries.length];
  const encoded = entries.flatMap(([name, value]) => {
    if (name === "timestamp" && typeof value === "number") return [encode(name), float(value)];
    const isBase64 = wire === 1 && value instanceof Uint8Array;
    return [encode(name), encode(isBase64 ? base64(value) : value)];
  });
  return joined(Uint8Array.from(head), ...encoded);
}

/** Returns whether a frame that the library reads is signed with a key. */
export function isSignedWith(frame: Uint8Array, key: Uint8Array): boolean {
  if (frame[0] !== 0x97) return isSignedWire1(frame, key);
  const covered = frame.subarray(0, -WIRE_2_MAC_BYTES);
  return isSame(frame.subarray(-WIRE_2_MAC_BYTES), encode(hmac(sha256, key, covered)));
}

function isSignedWire1(frame: Uint8Array, key: Uint8Array): boolean {
  const { type, timestamp, signature } = decode(frame) as Record<string, unknown>;
  if (typeof timestamp !== "number") return false;
  // Readers accept an integer too (W1-5).
  return [float(timestamp), encode(timestamp)].some((time) => {
    const entries = {
      type: joined(encode("type"), encode(type)),
      timestamp: joined(encode("timestamp"), time),
      signature: joined(encode("signature"), encode(signature)),
    };
    const payload = remainingEntry(frame, Object.values(entries));
    if (payload === undefined) return false;
    const covered = joined(Uint8Array.of(0x83), entries.type, payload, entries.timestamp);
    return signature === hex(hmac(sha256, key, covered));
  });
}

/** Returns the one entry of a map that is not among the known ones. The entries may have any order (W1-7). */
function remainingEntry(frame: Uint8Array, known: readonly Uint8Array[]): Uint8Array | undefined {
  const length = frame.length - 1 - joined(...known).length;
  if (length <= 0) return undefined;
  let remaining: Uint8Array | undefined;
  for (let at = 1; at < frame.length; ) {
    const entry = known.find((one) => isSame(frame.subarray(at, at + one.length), one));
    if (entry === undefined && remaining !== undefined) return undefined;
    if (entry === undefined) remaining = frame.subarray(at, at + length);
    at += entry?.length ?? length;
  }
  return remaining;
}

/** Returns the 32-byte tag of a frame that `signedFrame` returned. */
export function tagOf(frame: Uint8Array): Uint8Array {
  if (frame[0] === 0x97) return frame.subarray(-32);
  const digits = new TextDecoder().decode(frame.subarray(-64)).match(/../g)!;
  return Uint8Array.from(digits, (digit) => Number.parseInt(digit, 16));
}

/** The field `mac` of wire 2: a head of 2 bytes and 32 bytes. */
const WIRE_2_MAC_BYTES = 34;

/** Encodes a number as a float64, also if it is an integer (M-3). */
function float(value: number): Uint8Array {
  return encode(value, { forceIntegerToFloat: true });
}

function uuidV7(seconds: number): Uint8Array {
  const bytes = random(16);
  new DataView(bytes.buffer).setUint32(0, Math.floor(seconds / 65.536) % 2 ** 32);
  new DataView(bytes.buffer).setUint16(4, Math.floor(seconds * 1000) % 2 ** 16);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return bytes;
}

/** Returns random bytes. */
export function random(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** Encodes bytes as base64 (C-2). */
export function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Encodes bytes as lower-case hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Encodes text as UTF-8. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Returns the bytes of all parts, one after the other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
