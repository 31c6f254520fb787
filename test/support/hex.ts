/** Decodes hexadecimal text, which may have white space. */
export function hex(text: string): Uint8Array {
  const digits = text.replace(/\s/g, "").match(/../g) ?? [];
  return Uint8Array.from(digits, (two) => Number.parseInt(two, 16));
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Encodes bytes as hexadecimal text. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** Returns `length` bytes that count up from 0. */
export function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at);
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

class SubclassOfBytes extends Uint8Array<ArrayBuffer> {}

/** Returns the bytes as a Buffer, or as another subclass of Uint8Array if the platform has no Buffer class. */
export function asBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return globalThis.Buffer?.from(bytes) ?? SubclassOfBytes.from(bytes);
}
