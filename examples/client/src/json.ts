/** Serializes a value as JSON with bytes as base64 text, which lacre's schemas accept. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, serialised) {
    // Test the original value, because `serialised` is the result of `toJSON`, which Buffer defines.
    const original = this[key];
    return original instanceof Uint8Array ? toBase64(original) : serialised;
  });
}

/** Maximum bytes per call of `fromCharCode`, because too many arguments overflow the stack. */
const CHUNK = 0x2000;

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(binary);
}
