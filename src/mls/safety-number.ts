import { sha512 } from "@noble/hashes/sha2.js";
import { concat, encodeUtf8 } from "../bytes.js";
import { type DeviceLog, logArgument } from "./device-log.js";

const ITERATIONS = 5200;
/** Number of groups of five digits for each user. */
const GROUPS = 6;

/**
 * Computes the safety number of two users: 60 digits, which both compare, for example over the telephone. If they are equal, the
 * server shows both users the same logs. It stays when a device is added, and changes when a device is removed or the recovery
 * key is replaced (docs/PROTOCOL.md, A-9).
 *
 * ```ts
 * const number = await safetyNumber(log, theirLog);
 * ```
 */
export async function safetyNumber(own: DeviceLog, theirs: DeviceLog): Promise<string> {
  const [first, second] = [own, theirs]
    .map(logArgument)
    .map((log) => fingerprint(log.base, `lacre:${log.user_id}`))
    .sort();
  return `${first}${second}`;
}

/** Computes the 30 digits of one user, by the numeric fingerprint of libsignal, version 0. */
export function fingerprint(key: Uint8Array, identifier: string): string {
  let hash: Uint8Array = concat(new Uint8Array(2), key, encodeUtf8(identifier));
  for (let round = 0; round < ITERATIONS; round++) hash = sha512(concat(hash, key));
  const group = (at: number) =>
    hash.subarray(5 * at, 5 * at + 5).reduce((value, byte) => value * 256 + byte, 0) % 100_000;
  return Array.from({ length: GROUPS }, (_, at) => String(group(at)).padStart(5, "0")).join("");
}
