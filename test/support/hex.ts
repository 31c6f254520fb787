/** Bytes of hexadecimal text, in which white space may stand. */
export function hex(text: string): Uint8Array {
  const digits = text.replace(/\s/g, "").match(/../g) ?? [];
  return Uint8Array.from(digits, (two) => Number.parseInt(two, 16));
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Hexadecimal text of bytes. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** The bytes 0, 1, 2 … up to `length`. */
export function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at);
}

class SubclassOfBytes extends Uint8Array<ArrayBuffer> {}

/** The same bytes as a Buffer; where there is none, as another subclass of Uint8Array. */
export function asBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return globalThis.Buffer?.from(bytes) ?? SubclassOfBytes.from(bytes);
}
