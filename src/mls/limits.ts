/** Length of a SHA-256 digest in bytes: heads of logs are such digests. */
export const DIGEST_BYTES = 32;
/** Length of a device id in bytes. */
export const DEVICE_ID_BYTES = 16;
/** Maximum number of entries of a device log. */
export const MAX_LOG_SEQ = 1024;

/** Returns whether a value is an id: an integer from 1 to 2^53 − 1. */
export function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
