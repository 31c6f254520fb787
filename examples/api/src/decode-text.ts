/** Thrown if a file, a line or a variable is not UTF-8. The message says what to do. */
export class NotUtf8Error extends Error {
  override readonly name = "NotUtf8Error";
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// UTF-32 first: its little-endian byte order mark begins with that of UTF-16.
const BYTE_ORDER_MARKS = [
  ["UTF-32", [0xff, 0xfe, 0, 0]],
  ["UTF-32", [0, 0, 0xfe, 0xff]],
  ["UTF-16", [0xff, 0xfe]],
  ["UTF-16", [0xfe, 0xff]],
] as const;

/**
 * Decodes a complete file or stream, and removes a UTF-8 byte order mark at its beginning. The message of an error begins
 * with `source`.
 *
 * @throws {NotUtf8Error} if it is not UTF-8.
 */
export function decodeText(bytes: Uint8Array, source: string): string {
  for (const [encoding, mark] of BYTE_ORDER_MARKS) {
    if (mark.every((byte, at) => bytes[at] === byte)) throw rejected(source, encoding);
  }
  const text = decodeLine(bytes, source);
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/**
 * Decodes a part of a file or stream other than the first. Keeps U+FEFF, which is text there.
 *
 * @throws {NotUtf8Error} if it is not UTF-8.
 */
export function decodeLine(bytes: Uint8Array, source: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw rejected(source, "not UTF-8");
  }
}

function rejected(source: string, encoding: string): NotUtf8Error {
  return new NotUtf8Error(`${source} is ${encoding}: save it as UTF-8, and try again`);
}
