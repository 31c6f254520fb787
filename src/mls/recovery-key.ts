import { sha256 } from "@noble/hashes/sha2.js";
import { invalidArgument, textArgument } from "../arguments.js";
import { type Bytes, concat, decodeBase32, encodeBase32, equalConstantTime } from "../bytes.js";
import { ED25519_KEY_BYTES, signerFromSeed } from "../crypto/ed25519.js";
import { expandSha256 } from "../crypto/hkdf.js";
import { randomBytes } from "../crypto/random.js";
import { KeyError } from "../errors.js";
import { labelled } from "../wire/layout.js";
import { setSigner, signerOf } from "./signers.js";

const CHECK_BYTES = 3;
const SECRET_BYTES = 32;
const HISTORY_SEED_BYTES = 32;
/** Number of base32 digits of a recovery key. */
const TEXT_DIGITS = ((SECRET_BYTES + CHECK_BYTES) * 8) / 5;

/**
 * The key that outranks a user's devices: it adds and removes devices of a log when all devices are lost, and only it can be
 * replaced by another (docs/PROTOCOL.md, A-4). Show its text once, for the user to keep on paper, and do not store it.
 */
export class RecoveryKey {
  private constructor() {
    throw new KeyError("use RecoveryKey.generate or readRecoveryKey");
  }

  /** Creates a random key, to replace the one of a log. `Device.begin` creates the first one. */
  static async generate(): Promise<RecoveryKey> {
    return recoveryKeyOf(randomBytes(SECRET_BYTES));
  }

  /** Ed25519 public key of the key's signatures, 32 bytes. */
  get publicKey(): Bytes {
    return signerOf(this).publicKey.slice();
  }

  /** Returns the key as 56 letters and digits in groups of four. A reader of them controls the user's devices. */
  toText(): string {
    signerOf(this);
    const secret = secrets.get(this)!;
    return encodeBase32(concat(secret, checkOf(secret))).replace(/.{4}(?=.)/g, "$&-");
  }
}

/** The bytes of each key, inaccessible to callers. */
const secrets = /* @__PURE__ */ new WeakMap<RecoveryKey, Bytes>();

/** Returns the seed of the history key, 32 bytes (docs/PROTOCOL.md, A-15). */
export function historySeedOf(key: RecoveryKey): Bytes {
  const secret = secrets.get(key);
  if (secret === undefined) throw invalidArgument("recoveryKey", "must be a RecoveryKey");
  return expandSha256(secret, "lacre/e2e/2/recovery-kem\0", HISTORY_SEED_BYTES);
}

async function recoveryKeyOf(secret: Bytes): Promise<RecoveryKey> {
  const seed = expandSha256(secret, "lacre/e2e/2/recovery-sign\0", ED25519_KEY_BYTES);
  const signer = await signerFromSeed(seed);
  seed.fill(0);
  const key: RecoveryKey = Object.create(RecoveryKey.prototype);
  secrets.set(key, secret);
  setSigner(key, signer);
  return Object.freeze(key);
}

/**
 * Reads a recovery key that a user typed. Case, spaces and `-` do not matter, and I, L and O are read as 1, 1 and 0.
 *
 * @throws {KeyError} if the text is not 56 letters and digits, or has a typing error.
 *
 * ```ts
 * const typed = "1850 M2GA 1850 M2GA 1850 M2GA 1850 M2GA 1850 M2GA 1850 M2GA 1857 G39Y";
 * const recoveryKey = await readRecoveryKey(typed);
 * ```
 */
export async function readRecoveryKey(text: string): Promise<RecoveryKey> {
  const digits = textArgument(text, "text").replace(/[\p{White_Space}-]/gu, "");
  const bytes = digits.length === TEXT_DIGITS ? decodeBase32(digits) : undefined;
  const secret = bytes?.slice(0, SECRET_BYTES) as Bytes | undefined;
  if (!secret || !equalConstantTime(checkOf(secret), bytes!.subarray(SECRET_BYTES))) {
    throw new KeyError(
      `the recovery key has a typing error: it has ${TEXT_DIGITS} letters and digits`,
    );
  }
  return recoveryKeyOf(secret);
}

function checkOf(secret: Uint8Array): Uint8Array {
  return sha256(labelled("lacre/recovery/1\0", secret)).subarray(0, CHECK_BYTES);
}
