/** Bytes that must not be found, and what they are a form of. */
export interface Needle {
  /** Which line, or which message, it is of. */
  readonly of: number;
  readonly encoding: string;
  readonly bytes: Uint8Array;
}

/** Shorter ones would be found by chance. */
export const MIN_NEEDLE_BYTES = 8;

/** Longer texts are searched by pieces, as a database tears them at its pages, and a log may cut them short. */
const PIECE_CHARACTERS = 24;
const PIECE_BYTES = 32;

/** A text in every form in which it might lie about. */
export function textNeedles(of: number, text: string): Needle[] {
  return distinct(piecesOfText(text).flatMap((piece) => encodingsOfText(of, piece)));
}

/** A text inside what a program would wrap it in: for texts that are too short or too common to be searched alone. */
export function framedNeedles(of: number, text: string): Needle[] {
  const inJson = [`"text":${JSON.stringify(text)}`, `"content":${JSON.stringify(text)}`];
  return distinct([
    ...encodingsOfBytes(of, "MessagePack body", messagePackBody(text)),
    ...inJson.flatMap((json) => encodingsOfText(of, json)),
  ]);
}

/** Bytes as they are. */
export function byteNeedles(of: number, encoding: string, bytes: Uint8Array): Needle[] {
  return piecesOfBytes(bytes).map((piece) => ({ of, encoding, bytes: piece }));
}

function encodingsOfText(of: number, text: string): Needle[] {
  const escaped = JSON.stringify(text).slice(1, -1);
  const escapedToAscii = escaped.replace(/[^\p{ASCII}]/gu, (character) =>
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
  return [
    ...encodingsOfBytes(of, "UTF-8", Buffer.from(text)),
    { of, encoding: "UTF-16", bytes: Buffer.from(text, "utf16le") },
    { of, encoding: "a URL", bytes: Buffer.from(encodeURIComponent(text)) },
    { of, encoding: "JSON", bytes: Buffer.from(escaped) },
    { of, encoding: "JSON in ASCII", bytes: Buffer.from(escapedToAscii) },
  ];
}

/** Bytes as they are, in hex and in base64. */
export function encodingsOfBytes(of: number, encoding: string, bytes: Uint8Array): Needle[] {
  const hex = Buffer.from(bytes).toString("hex");
  const base64 = [0, 1, 2].map((alignment) => stableBase64(bytes, alignment));
  return [
    { of, encoding, bytes },
    { of, encoding: `${encoding} in hex`, bytes: Buffer.from(hex) },
    { of, encoding: `${encoding} in hex`, bytes: Buffer.from(hex.toUpperCase()) },
    ...[...base64, ...base64.map(toUrlAlphabet)].map((text) => ({
      of,
      encoding: `${encoding} in base64`,
      bytes: Buffer.from(text),
    })),
  ];
}

/** The base64 digits that depend on these bytes alone, when `alignment` others stand before them in their group of three. */
export function stableBase64(bytes: Uint8Array, alignment: number): string {
  const aligned = Buffer.concat([new Uint8Array(alignment), bytes]);
  const from = Math.ceil((alignment * 8) / 6);
  return aligned.toString("base64").slice(from, Math.floor((aligned.length * 8) / 6));
}

function toUrlAlphabet(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_");
}

/** `{ kind: "text", text }`, as a client encodes it before it encrypts. */
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

/** Beginning, middle and end of what is long; all of what is not. */
function pieces(length: number, size: number): [number, number][] {
  if (length <= 3 * size) return [[0, length]];
  const middle = Math.floor((length - size) / 2);
  return [0, middle, length - size].map((from) => [from, from + size]);
}

function distinct(needles: readonly Needle[]): Needle[] {
  const byBytes = new Map<string, Needle>();
  for (const needle of needles) {
    const key = Buffer.from(needle.bytes).toString("latin1");
    if (needle.bytes.length >= MIN_NEEDLE_BYTES && !byBytes.has(key)) byBytes.set(key, needle);
  }
  return [...byBytes.values()];
}
