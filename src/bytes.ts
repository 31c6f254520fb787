/**
 * Bytes that the library returns. Their buffer is an ArrayBuffer, which is never shared: the functions of the platform that
 * take no other bytes accept them. From TypeScript 5.7 this is `Uint8Array<ArrayBuffer>`, before that `Uint8Array`.
 */
export type Bytes = ReturnType<typeof Uint8Array.of>;

const encoder = /* @__PURE__ */ new TextEncoder();
// `ignoreBOM` keeps U+FEFF: a decoder that drops it would decode two different texts to the same string.
const decoder = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns whether `text` has no lone surrogates, which UTF-8 cannot encode. */
export function isWellFormed(text: string): boolean {
  return nativeIsWellFormed?.call(text) ?? !/\p{Surrogate}/u.test(text);
}

// ES2024. Many times faster than the regular expression on long texts.
const nativeIsWellFormed = (String.prototype as { isWellFormed?: (this: string) => boolean })
  .isWellFormed;

/** Encodes well-formed text as UTF-8. */
export function encodeUtf8(text: string): Bytes {
  return encoder.encode(text);
}

/** Encodes well-formed text as UTF-8 into the start of `target`, which must be long enough. */
export function encodeUtf8Into(text: string, target: Uint8Array): void {
  encoder.encodeInto(text, target);
}

/** Returns whether the UTF-8 of a well-formed text has at most `maxBytes` bytes. */
export function fitsInUtf8(text: string, maxBytes: number): boolean {
  return text.length * 3 <= maxBytes || encodeUtf8(text).length <= maxBytes;
}

const SHORT_TEXT_BYTES = 24;

/**
 * Decodes the UTF-8 between two offsets, and keeps U+FEFF.
 *
 * @throws {TypeError} if the bytes are not valid UTF-8.
 */
export function decodeUtf8(bytes: Uint8Array, start = 0, end = bytes.length): string {
  if (end - start <= SHORT_TEXT_BYTES) {
    let text = "";
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      if (byte > 0x7f) return decoder.decode(bytes.subarray(start, end));
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return decoder.decode(bytes.subarray(start, end));
}

/** Returns whether the bytes between two offsets are valid UTF-8 (RFC 3629, section 4). */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; ; ) {
    // Checks eight bytes per step, because most text is mostly ASCII.
    while (at + 8 <= end && isAscii8(bytes, at)) at += 8;
    if (at === end) return true;
    const lead = bytes[at++]!;
    if (lead <= 0x7f) continue;
    if (lead < 0xc2 || lead > 0xf4) return false;
    const following = lead <= 0xdf ? 1 : lead <= 0xef ? 2 : 3;
    if (at + following > end) return false;
    const second = bytes[at]!;
    const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (second < lowest || second > highest) return false;
    for (let next = at + 1; next < at + following; next++) {
      if ((bytes[next]! & 0xc0) !== 0x80) return false;
    }
    at += following;
  }
}

function isAscii8(bytes: Uint8Array, at: number): boolean {
  return (
    (bytes[at]! |
      bytes[at + 1]! |
      bytes[at + 2]! |
      bytes[at + 3]! |
      bytes[at + 4]! |
      bytes[at + 5]! |
      bytes[at + 6]! |
      bytes[at + 7]!) <=
    0x7f
  );
}

const HEX_DIGITS = /* @__PURE__ */ encoder.encode("0123456789abcdef");

/** Encodes bytes as the ASCII bytes of lower-case hexadecimal text. */
export function encodeHexBytes(bytes: Uint8Array): Bytes {
  const digits = new Uint8Array(2 * bytes.length);
  for (let at = 0; at < bytes.length; at++) {
    digits[2 * at] = HEX_DIGITS[bytes[at]! >> 4]!;
    digits[2 * at + 1] = HEX_DIGITS[bytes[at]! & 15]!;
  }
  return digits;
}

/** Encodes bytes as lower-case hexadecimal text. */
export function encodeHex(bytes: Uint8Array): string {
  return decoder.decode(encodeHexBytes(bytes));
}

/** Decodes lower-case hexadecimal text. Returns undefined for any other text. */
export function decodeHex(text: string): Bytes | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = (hexValue(text, 2 * at) << 4) | hexValue(text, 2 * at + 1);
  }
  return bytes;
}

function hexValue(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code <= 0x39 ? code - 0x30 : code - 0x57;
}

const BASE64_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PADDING = 0x3d;
/** A bit above the six bits of a base64 digit. */
const NOT_IN_ALPHABET = 0x40;

const base64Digits = /* @__PURE__ */ encoder.encode(BASE64_ALPHABET);
const base64Values = /* @__PURE__ */ (() => {
  const values = new Uint8Array(256).fill(NOT_IN_ALPHABET);
  for (let value = 0; value < 64; value++) values[BASE64_ALPHABET.charCodeAt(value)] = value;
  return values;
})();

/** Encodes bytes as base64 text with padding (RFC 4648, section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  let to = 0;
  for (let from = 0; from < bytes.length; from += 3) {
    const group = (bytes[from]! << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0);
    text[to++] = base64Digits[group >> 18]!;
    text[to++] = base64Digits[(group >> 12) & 63]!;
    text[to++] = from + 1 < bytes.length ? base64Digits[(group >> 6) & 63]! : PADDING;
    text[to++] = from + 2 < bytes.length ? base64Digits[group & 63]! : PADDING;
  }
  return decoder.decode(text);
}

/**
 * Decodes canonical base64 text: with padding, without foreign characters, and with zero trailing bits (RFC 4648,
 * sections 3.2, 3.3 and 3.5). Returns undefined for any other text.
 */
export function decodeBase64(text: string): Bytes | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = base64Padding(text);
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const digits = text.length - padding;
  let to = 0;
  let seen = 0;
  for (let from = 0; from < digits; from += 4) {
    const first = base64Value(text, from);
    const second = base64Value(text, from + 1);
    // Padding counts as zero bits.
    const third = from + 2 < digits ? base64Value(text, from + 2) : 0;
    const fourth = from + 3 < digits ? base64Value(text, from + 3) : 0;
    seen |= first | second | third | fourth;
    // Writes past the end of the array, in a last group with padding, have no effect.
    bytes[to++] = (first << 2) | (second >> 4);
    bytes[to++] = (second << 4) | (third >> 2);
    bytes[to++] = (third << 6) | fourth;
  }
  return seen < NOT_IN_ALPHABET && hasZeroTrailingBits(text, padding) ? bytes : undefined;
}

/** Returns the number of padding characters at the end of base64 text. */
export function base64Padding(text: string): 0 | 1 | 2 {
  return text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
}

/** Returns whether the unused bits of the last base64 digit are zero (RFC 4648, section 3.5). */
export function hasZeroTrailingBits(text: string, padding: 0 | 1 | 2): boolean {
  const unused = padding === 0 ? 0 : padding === 1 ? 0b11 : 0b1111;
  return (base64Value(text, text.length - padding - 1) & unused) === 0;
}

function base64Value(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 256 ? base64Values[code]! : NOT_IN_ALPHABET;
}

/** Digits of Crockford's base32. */
const BASE32_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Encodes bytes whose number is a multiple of five as Crockford's base32. */
export function encodeBase32(bytes: Uint8Array): string {
  let [text, bits, count] = ["", 0, 0];
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xfff;
    for (count += 8; count >= 5; count -= 5) text += BASE32_DIGITS[(bits >> (count - 5)) & 31];
  }
  return text;
}

/** Decodes Crockford's base32, with I and L as 1 and O as 0, in any case. Returns undefined for other characters. */
export function decodeBase32(text: string): Bytes | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let [at, bits, count] = [0, 0, 0];
  for (const letter of text.replace(/[ilIL]/g, "1").replace(/[oO]/g, "0")) {
    const value = /^[0-9A-Za-z]$/.test(letter) ? BASE32_DIGITS.indexOf(letter.toUpperCase()) : -1;
    if (value < 0) return undefined;
    bits = ((bits << 5) | value) & 0xfff;
    count += 5;
    if (count < 8) continue;
    count -= 8;
    bytes[at++] = bits >> count;
  }
  return bytes;
}

/** Formats the 16 bytes of a UUID in lower case (RFC 9562, section 4). */
export function encodeUuid(bytes: Uint8Array): string {
  const hex = encodeHex(bytes);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}

/** Parses a UUID in lower case, of any version, to 16 bytes. Returns undefined for any other value. */
export function decodeUuid(text: unknown): Bytes | undefined {
  if (typeof text !== "string" || !UUID.test(text)) return undefined;
  return decodeHex(text.replaceAll("-", ""));
}

/** Returns whether a value is a UUID in lower case other than the nil UUID. */
export function isClientId(value: unknown): value is string {
  return typeof value === "string" && UUID.test(value) && value !== NIL_UUID;
}

const NIL_UUID = "00000000-0000-0000-0000-000000000000";
/** Matches a UUID in lower case, of any version. */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Concatenates arrays into a new one. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const part of parts) length += lengthOf(part);
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += lengthOf(part);
  }
  return whole;
}

// Copying the bytes of a float to a shared view is faster than creating a view of each array.
const floatBytes = /* @__PURE__ */ new Uint8Array(8);
const floatView = /* @__PURE__ */ new DataView(floatBytes.buffer);

/** Reads a big-endian float of `size` bytes at an offset. */
export function readFloat(bytes: Uint8Array, at: number, size: 4 | 8): number {
  for (let digit = 0; digit < size; digit++) floatBytes[digit] = bytes[at + digit]!;
  return size === 4 ? floatView.getFloat32(0) : floatView.getFloat64(0);
}

/** Reads a big-endian unsigned integer of `size` bytes at an offset. */
export function readUint(bytes: Uint8Array, at: number, size: 1 | 2 | 4): number {
  let value = 0;
  for (let digit = at; digit < at + size; digit++) value = value * 256 + bytes[digit]!;
  return value;
}

/** Returns whether two arrays are equal, in a time that depends on their lengths only. The lengths are not secret. */
export function equalConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let at = 0; at < a.length; at++) difference |= a[at]! ^ b[at]!;
  return difference === 0;
}

/** Returns whether `value` is a Uint8Array, of any realm or subclass, whose buffer is not detached. */
export function isBytes(value: unknown): value is Uint8Array {
  return isUint8Array(value) && !isDetached(value);
}

/** Returns whether `value` is a Uint8Array, of any realm or subclass, also if its buffer is detached. */
export function isUint8Array(value: unknown): value is Uint8Array {
  return typedArrayName.call(value) === "Uint8Array";
}

/** Returns the number of bytes of a Uint8Array, even if a subclass overrides `length`. */
export function lengthOf(bytes: Uint8Array): number {
  return typedArrayLength.call(bytes);
}

/** Copies a Uint8Array to a new buffer. Returns undefined if `value` is not a Uint8Array, or if its buffer is detached. */
export function copyOfBytes(value: unknown): Bytes | undefined {
  return isBytes(value) ? new Uint8Array(value) : undefined;
}

/** Returns whether the buffer of an array was transferred, or was resized to end before the array starts. */
function isDetached(bytes: Uint8Array): boolean {
  if (lengthOf(bytes) > 0) return false;
  try {
    new Uint8Array(bytes);
    return false;
  } catch {
    return true;
  }
}

/** Returns the length of an ArrayBuffer of any realm. Returns undefined for other values, including SharedArrayBuffers. */
export function bufferLength(value: unknown): number | undefined {
  try {
    return arrayBufferLength.call(value);
  } catch {
    return undefined;
  }
}

// Built-in getters, whose results a property, subclass or proxy cannot change.
const typedArray = /* @__PURE__ */ Object.getPrototypeOf(Uint8Array.prototype) as object;
const typedArrayName = /* @__PURE__ */ engineGetter<string | undefined>(
  typedArray,
  Symbol.toStringTag,
);
const typedArrayLength = /* @__PURE__ */ engineGetter<number>(typedArray, "length");
const arrayBufferLength = /* @__PURE__ */ engineGetter<number>(ArrayBuffer.prototype, "byteLength");

function engineGetter<Value>(prototype: object, key: PropertyKey): (this: unknown) => Value {
  return Object.getOwnPropertyDescriptor(prototype, key)!.get as () => Value;
}
