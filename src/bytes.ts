const encoder = /* @__PURE__ */ new TextEncoder();
// ignoreBOM keeps U+FEFF: a decoder that drops it makes one text of two.
const decoder = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Whether `text` has no lone surrogates, which UTF-8 has no bytes for. */
export function isWellFormed(text: string): boolean {
  return nativeIsWellFormed?.call(text) ?? !/\p{Surrogate}/u.test(text);
}

// ES2024, and many times faster on long texts.
const nativeIsWellFormed = (String.prototype as { isWellFormed?: (this: string) => boolean })
  .isWellFormed;

/** UTF-8 of a well-formed text. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Writes the UTF-8 of a well-formed text to the start of `target`, which has the room. */
export function encodeUtf8Into(text: string, target: Uint8Array): void {
  encoder.encodeInto(text, target);
}

/** Whether the UTF-8 of a well-formed text has at most `most` bytes. */
export function fitsInUtf8(text: string, most: number): boolean {
  return text.length * 3 <= most || encodeUtf8(text).length <= most;
}

const SHORT_TEXT_BYTES = 24;

/** Text of the UTF-8 between two offsets, U+FEFF kept. Throws TypeError on invalid UTF-8. */
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

/** Whether the bytes between two offsets are valid UTF-8 (RFC 3629, section 4). */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
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
  return true;
}

const HEX = /* @__PURE__ */ Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);

/** Lower-case hexadecimal text. */
export function encodeHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** Bytes of lower-case hexadecimal text, or undefined for any other text. */
export function decodeHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16);
  }
  return bytes;
}

const BASE64_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PADDING = 0x3d;
const NOT_IN_ALPHABET = 0xff;

const base64Digits = /* @__PURE__ */ encoder.encode(BASE64_ALPHABET);
const base64Values = /* @__PURE__ */ (() => {
  const values = new Uint8Array(256).fill(NOT_IN_ALPHABET);
  for (let value = 0; value < 64; value++) values[BASE64_ALPHABET.charCodeAt(value)] = value;
  return values;
})();

/** Base64 text with padding (RFC 4648, section 4). */
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
 * Bytes of base64 text in its one canonical form (RFC 4648, sections 3.2, 3.3 and 3.5: padding, no foreign
 * characters, zero trailing bits), or undefined for any other text.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let to = 0;
  let bits = 0;
  let held = 0;
  for (let from = 0; from < digits; from++) {
    const code = text.charCodeAt(from);
    const value = code < 256 ? base64Values[code]! : NOT_IN_ALPHABET;
    if (value === NOT_IN_ALPHABET) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[to++] = bits >> held;
    }
  }
  const trailing = bits & ((1 << held) - 1);
  return trailing === 0 ? bytes : undefined;
}

/** Text of a UUID's 16 bytes (RFC 9562, section 4), in lower case. */
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

/** The 16 bytes of a UUID in lower case, of any version, or undefined for any other value. */
export function decodeUuid(text: unknown): Uint8Array | undefined {
  if (typeof text !== "string" || !UUID.test(text)) return undefined;
  return decodeHex(text.replaceAll("-", ""));
}

/** A UUID in lower case, of any version. */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** One array with the bytes of all parts. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Whether two arrays hold the same bytes, in a time that tells nothing about where they differ. Lengths are not secret. */
export function equalConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let at = 0; at < a.length; at++) difference |= a[at]! ^ b[at]!;
  return difference === 0;
}

/** Whether `value` is a Uint8Array, also one of another realm. */
export function isBytes(value: unknown): value is Uint8Array {
  return typedArrayName.call(value) === "Uint8Array";
}

/** Reads the engine's own mark, which nothing else can bear; undefined for what is no typed array. */
const typedArrayName = /* @__PURE__ */ (() =>
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)!
    .get as (this: unknown) => string | undefined)();
