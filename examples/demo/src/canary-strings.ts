/** Bytes that the search looks for: one encoding of a line, secret or message, or of a piece of it. */
export interface CanaryString {
  /** Index of the line, secret or message in its list. */
  readonly index: number;
  /** Name of the encoding, for the report. */
  readonly encoding: string;
  readonly bytes: Uint8Array;
}

/** Minimum length of a canary string in bytes. Shorter strings would be found by chance. */
export const MIN_CANARY_BYTES = 8;

/** Length of a piece of a long text. A database splits long values at its page limits, and a log may truncate them. */
const PIECE_CHARACTERS = 24;
const PIECE_BYTES = 32;

/** Returns the canary strings of a text in every encoding that a program may store or send it in. */
export function textCanaries(index: number, text: string): CanaryString[] {
  return distinct(piecesOfText(text).flatMap((piece) => encodingsOfText(index, piece)));
}

/** Returns the canary strings of a text inside an encoded message body, for texts too short or too common to search alone. */
export function bodyCanaries(index: number, text: string): CanaryString[] {
  const inJson = [`"text":${JSON.stringify(text)}`, `"content":${JSON.stringify(text)}`];
  return distinct([
    ...encodingsOfBytes(index, "MessagePack body", messagePackBody(text)),
    ...inJson.flatMap((json) => encodingsOfText(index, json)),
  ]);
}

/** Returns the canary strings of bytes without any encoding. */
export function byteCanaries(index: number, encoding: string, bytes: Uint8Array): CanaryString[] {
  return piecesOfBytes(bytes).map((piece) => ({ index, encoding, bytes: piece }));
}

function encodingsOfText(index: number, text: string): CanaryString[] {
  const escaped = JSON.stringify(text).slice(1, -1);
  const escapedToAscii = escaped.replace(/[^\p{ASCII}]/gu, (character) =>
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
  return [
    ...encodingsOfBytes(index, "UTF-8", Buffer.from(text)),
    { index, encoding: "UTF-16", bytes: Buffer.from(text, "utf16le") },
    { index, encoding: "a URL", bytes: Buffer.from(encodeURIComponent(text)) },
    { index, encoding: "JSON", bytes: Buffer.from(escaped) },
    { index, encoding: "JSON in ASCII", bytes: Buffer.from(escapedToAscii) },
  ];
}

/** Returns the canary strings of bytes: as they are, in hex, in base64 and in base64url. */
export function encodingsOfBytes(
  index: number,
  encoding: string,
  bytes: Uint8Array,
): CanaryString[] {
  const hex = Buffer.from(bytes).toString("hex");
  const base64 = [0, 1, 2].map((alignment) => stableBase64(bytes, alignment));
  return [
    { index, encoding, bytes },
    { index, encoding: `${encoding} in hex`, bytes: Buffer.from(hex) },
    { index, encoding: `${encoding} in hex`, bytes: Buffer.from(hex.toUpperCase()) },
    ...[...base64, ...base64.map(toUrlAlphabet)].map((text) => ({
      index,
      encoding: `${encoding} in base64`,
      bytes: Buffer.from(text),
    })),
  ];
}

/** Returns the base64 digits that depend on these bytes only, if `alignment` other bytes precede them in a group of three. */
export function stableBase64(bytes: Uint8Array, alignment: number): string {
  const aligned = Buffer.concat([new Uint8Array(alignment), bytes]);
  const from = Math.ceil((alignment * 8) / 6);
  return aligned.toString("base64").slice(from, Math.floor((aligned.length * 8) / 6));
}

function toUrlAlphabet(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_");
}

/** Encodes `{ kind: "text", text }` as a client does before it encrypts. */
function messagePackBody(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  const { length } = bytes;
  const header =
    length < 32
      ? [0xa0 | length]
      : length < 0x100
        ? [0xd9, length]
        : length < 0x1_0000
          ? [0xda, length >> 8, length & 0xff]
          : [0xdb, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff];
  const start = "\u00a4kind\u00a4text\u00a4text";
  return Buffer.concat([Buffer.from(start, "latin1"), Buffer.from(header), bytes]);
}

function piecesOfText(text: string): string[] {
  const characters = [...text];
  return pieces(characters.length, PIECE_CHARACTERS).map(([from, to]) =>
    characters.slice(from, to).join(""),
  );
}

function piecesOfBytes(bytes: Uint8Array): Uint8Array[] {
  return pieces(bytes.length, PIECE_BYTES).map(([from, to]) => bytes.subarray(from, to));
}

/** Returns the ranges to search: beginning, middle and end of a long value, or all of a short one. */
function pieces(length: number, size: number): [number, number][] {
  if (length <= 3 * size) return [[0, length]];
  const middle = Math.floor((length - size) / 2);
  return [0, middle, length - size].map((from) => [from, from + size]);
}

function distinct(canaries: readonly CanaryString[]): CanaryString[] {
  const byBytes = new Map<string, CanaryString>();
  for (const canary of canaries) {
    const key = Buffer.from(canary.bytes).toString("latin1");
    if (canary.bytes.length >= MIN_CANARY_BYTES && !byBytes.has(key)) byBytes.set(key, canary);
  }
  return [...byBytes.values()];
}
