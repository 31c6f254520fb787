import { hmacSha256 } from "#native";
import { objectArgument } from "../arguments.js";
import { type Bytes, copyOfBytes, encodeUtf8, isWellFormed } from "../bytes.js";
import { CLOCK_JITTER, nextTime } from "../clock.js";
import { hkdfSha256 } from "../crypto/hkdf.js";
import type { HmacSha256 } from "../crypto/hmac.js";
import { randomBytes } from "../crypto/random.js";
import { KeyError } from "../errors.js";
import { MAX_KEY_ID_BYTES } from "../limits.js";

/** Options of a signing key. */
export interface SigningKeyOptions {
  /** Name by which a peer's keyring finds the key, at most 64 UTF-8 bytes. It is sent unencrypted. Default: `""`. */
  readonly id?: string;
}

/** The HMAC of each key, inaccessible to callers. An object is a SigningKey only if it is in this map. */
const macs = /* @__PURE__ */ new WeakMap<SigningKey, HmacSha256>();

/**
 * A key for HMAC-SHA256 (RFC 2104). Keep and reuse it: its hash states are computed once.
 *
 * ```ts
 * const key = SigningKey.from("a secret that both ends share");
 * ```
 */
export class SigningKey {
  /** Name of the key, or `""`. */
  readonly id: string;
  /** In a separate object: some compilers turn private fields into properties, which a frozen object cannot change. */
  readonly #last = { timestamp: Number.NEGATIVE_INFINITY };

  /** Checks its arguments, because JavaScript callers can call it as `key.constructor`. */
  private constructor(secret: unknown, options: SigningKeyOptions = {}) {
    const { id = "" } = objectArgument(options, "options");
    const bytes = secretBytes(secret);
    if (typeof id !== "string" || !isWellFormed(id) || encodeUtf8(id).length > MAX_KEY_ID_BYTES) {
      throw new KeyError(
        `a key id must be well-formed text of at most ${MAX_KEY_ID_BYTES} UTF-8 bytes`,
      );
    }
    this.id = id;
    macs.set(this, hmacSha256(bytes));
    Object.freeze(this);
  }

  /**
   * Creates a key from a secret that both ends share.
   *
   * @param secret - Bytes, or text, which stands for its UTF-8 bytes.
   * @throws {KeyError} if the secret is empty, all zero or not well-formed text, or if the id is invalid.
   */
  static from(secret: string | Uint8Array, options: SigningKeyOptions = {}): SigningKey {
    return new SigningKey(secret, options);
  }

  /**
   * Creates a key from 32 random bytes, which cannot be exported: for tests, and for tokens that the same process verifies.
   *
   * @throws {KeyError} if the id is invalid.
   */
  static generate(options: SigningKeyOptions = {}): SigningKey {
    return new SigningKey(randomBytes(32), options);
  }

  /**
   * Derives a key from a secret with HKDF-SHA256 (RFC 5869): 32 bytes, info `lacre/` + label. Use a different label for
   * each direction of a connection, so that a frame sent back to its author does not verify.
   *
   * @param secret - As in `from`.
   * @param label - 1 to 32 of the characters a-z, 0-9 and -.
   * @throws {KeyError} if the secret, the label, the salt or the id is invalid.
   *
   * ```ts
   * const mine = SigningKey.derive(sessionKey, "client");
   * ```
   */
  static derive(
    secret: string | Uint8Array,
    label: string,
    options: SigningKeyOptions & { readonly salt?: Uint8Array } = {},
  ): SigningKey {
    const { salt, id = "" } = objectArgument(options, "options");
    if (typeof label !== "string" || !/^[a-z0-9-]{1,32}$/.test(label)) {
      throw new KeyError("a label must have 1 to 32 of the characters a-z, 0-9 and -");
    }
    const ownSalt = copyOfBytes(salt);
    if (salt !== undefined && ownSalt === undefined)
      throw new KeyError("a salt must be a Uint8Array");
    const info = encodeUtf8(`lacre/${label}`);
    const derived = hkdfSha256(secretBytes(secret), { salt: ownSalt, info, length: 32 });
    return new SigningKey(derived, { id });
  }

  /**
   * Returns the timestamp to sign with at `now`, both Unix time in seconds: `now`, or a microsecond after the last
   * returned time. Two equal wire 1 frames with equal timestamps would be one frame to a replay guard. After the clock is
   * set back by more than a second, it returns `now` again.
   *
   * @internal
   */
  nextTimestamp(now: number): number {
    const last = this.#last.timestamp;
    const isTaken = now <= last && last - now <= CLOCK_JITTER;
    this.#last.timestamp = isTaken ? nextTime(last) : now;
    return this.#last.timestamp;
  }
}

/** Returns whether a value is a SigningKey that its constructor made. */
export function isSigningKey(value: unknown): value is SigningKey {
  return macs.has(value as SigningKey);
}

/** Returns the HMAC-SHA256 of a key. It is not a method, so that only modules of this library can compute tags. */
export function macOf(key: SigningKey): HmacSha256 {
  return macs.get(key)!;
}

/**
 * Returns a copy of `value`.
 *
 * @throws {KeyError} with `name` in its message, if `value` is not a Uint8Array of `length` bytes.
 */
export function exactBytes(value: unknown, length: number, name: string): Bytes {
  const bytes = copyOfBytes(value);
  if (bytes?.length !== length) throw new KeyError(`${name} must have ${length} bytes`);
  return bytes;
}

/**
 * Returns a copy of a secret's bytes.
 *
 * @throws {KeyError} if the secret is empty, all zero, or neither bytes nor well-formed text.
 */
export function secretBytes(secret: unknown): Bytes {
  if (typeof secret === "string" && !isWellFormed(secret))
    throw new KeyError("the secret must not have a lone surrogate");
  const bytes = typeof secret === "string" ? encodeUtf8(secret) : copyOfBytes(secret);
  if (bytes === undefined) throw new KeyError("a secret must be text or a Uint8Array");
  if (bytes.every((byte) => byte === 0)) throw new KeyError("the secret is empty or all zero");
  return bytes;
}
