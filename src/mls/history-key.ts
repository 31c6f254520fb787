import { type Bytes, concat, copyOfBytes } from "../bytes.js";
import { verifyEd25519 } from "../crypto/ed25519.js";
import { type DeviceLog, logArgument } from "./device-log.js";
import { HistoryError } from "./errors.js";
import { decodeHistoryKey, encodeHistoryKeySigned, historyId } from "./history-layout.js";
import { historySeedOf, type RecoveryKey } from "./recovery-key.js";
import { signerOf } from "./signers.js";

/** The public key to which the history of a user is encrypted. Only the recovery key decrypts it. */
export interface HistoryKey {
  readonly user_id: number;
  /** 32 lower-case hexadecimal digits, made from the public key. */
  readonly id: string;
  /** X-Wing public key, 1,216 bytes. */
  readonly publicKey: Bytes;
}

/**
 * Makes the history key of a recovery key, signed by it: 1,308 bytes to publish (docs/PROTOCOL.md, A-15).
 *
 * @param user_id - Id of the user whose recovery key it is.
 *
 * ```ts
 * const key = readHistoryKey(await makeHistoryKey(recoveryKey, user_id), log);
 * ```
 */
export async function makeHistoryKey(recoveryKey: RecoveryKey, user_id: number): Promise<Bytes> {
  const seed = historySeedOf(recoveryKey);
  const { historyPublicKey } = await import("./engine.js");
  const publicKey = historyPublicKey(seed);
  seed.fill(0);
  const signed = encodeHistoryKeySigned(user_id, publicKey);
  return concat(signed, await signerOf(recoveryKey).sign(signed));
}

/**
 * Reads a published history key.
 *
 * @param bytes - 1,308 bytes.
 * @param log - The log of the user, as it is now.
 * @throws {HistoryError} if it is malformed, of another user, or not signed by the recovery key of the log.
 */
export function readHistoryKey(bytes: Uint8Array, log: DeviceLog): HistoryKey {
  const { user_id, recoveryPublicKey } = logArgument(log);
  const key = decodeHistoryKey(copyOfBytes(bytes) ?? new Uint8Array());
  const isValid =
    key?.user_id === user_id && verifyEd25519(recoveryPublicKey, key.signed, key.signature);
  if (!isValid) throw new HistoryError("key is not one of the recovery key of this user");
  return { user_id, id: historyId(key.publicKey), publicKey: key.publicKey };
}

/** Returns the id of a published history key of 1,308 bytes. */
export function historyKeyId(bytes: Uint8Array): string {
  return historyId(decodeHistoryKey(bytes)!.publicKey);
}
