import { invalidArgument } from "../arguments.js";
import type { Bytes } from "../bytes.js";
import type { Ed25519Signer } from "../crypto/ed25519.js";

/** A key that signs entries of a device log: a Device, or a RecoveryKey. */
export interface EntrySigner {
  /** Ed25519 public key, 32 bytes. */
  readonly publicKey: Bytes;
}

/** The signer of each Device and RecoveryKey, inaccessible to callers. */
const signers = /* @__PURE__ */ new WeakMap<object, Ed25519Signer>();

/** Makes an object a key that signs. */
export function setSigner(key: EntrySigner, signer: Ed25519Signer): void {
  signers.set(key, signer);
}

/** Returns the signer of a key. @throws {ValidationError} if `key` is not a Device or a RecoveryKey. */
export function signerOf(key: EntrySigner, name = "key"): Ed25519Signer {
  const signer = signers.get(key);
  if (signer === undefined) throw invalidArgument(name, "must be a Device or a RecoveryKey");
  return signer;
}
