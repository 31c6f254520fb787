/** Bytes of hexadecimal text, in which white space may stand. */
export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replace(/\s/g, ""), "hex"));
}

/** Hexadecimal text of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** The bytes 0, 1, 2 … up to `length`. */
export function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at);
}
