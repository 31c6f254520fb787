/** JSON in which bytes are base64 text, as lacre's schemas read them. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, serialised) {
    // A Buffer has turned into something else by the time that it is `serialised`.
    const original = this[key];
    return original instanceof Uint8Array ? toBase64(original) : serialised;
  });
}

/** More arguments than this at once overflow a stack. */
const CHUNK = 0x2000;

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(binary);
}
