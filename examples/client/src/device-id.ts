/** Returns 128 random bits in hex. Does not use `randomUUID`, because browsers offer it only in secure contexts. */
export function newDeviceId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
