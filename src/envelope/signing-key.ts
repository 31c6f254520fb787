import { hmacSha256 } from "#native";
import { encodeUtf8, isBytes, isWellFormed } from "../bytes.js";
import { hkdfSha256 } from "../crypto/hkdf.js";
import type { HmacSha256 } from "../crypto/hmac.js";
import { randomBytes } from "../crypto/random.js";
import { KeyError } from "../errors.js";
import { MAX_KEY_ID_BYTES } from "../limits.js";

const MICROSECOND = 1e-6;
/** A clock that jumps back further than this, in seconds, was set; it is followed. */
const CLOCK_JITTER = 1;

/** What a key may be given besides its secret. */
export interface SigningKeyOptions {
  /** Name under which a peer's keyring finds the key, at most 64 UTF-8 bytes; travels in the clear. `""` by default. */
  readonly id?: string;
}

/**
 * A key for HMAC-SHA256 (RFC 2104), with its hash state kept, so that signing pays for the message alone.
 *
 * ```ts
 * const key = SigningKey.from("a secret that both ends share");
 * ```
 */
export class SigningKey {
  readonly id: string;
  readonly #mac: HmacSha256;
  #lastTimestamp = Number.NEGATIVE_INFINITY;

  /** @internal */
  static macOf(key: SigningKey): HmacSha256 {
    return key.#mac;
  }

  /** @internal */
  static isSigningKey(value: unknown): value is SigningKey {
    return typeof value === "object" && value !== null && #mac in value;
  }

  private constructor(secret: Uint8Array, { id = "" }: SigningKeyOptions) {
    if (typeof id !== "string" || !isWellFormed(id) || encodeUtf8(id).length > MAX_KEY_ID_BYTES) {
      throw new KeyError(`a key id is well-formed text of at most ${MAX_KEY_ID_BYTES} UTF-8 bytes`);
    }
    this.id = id;
    this.#mac = hmacSha256(secret);
    Object.freeze(this);
  }

  /**
   * A key from a secret that both ends share: bytes, or text, which stands for its UTF-8 bytes.
   * Throws KeyError for a secret that is empty, all zero, or not well-formed text.
   */
  static from(secret: string | Uint8Array, options: SigningKeyOptions = {}): SigningKey {
    return new SigningKey(secretBytes(secret), options);
  }

  /** A key from 32 random bytes, which nobody else has: for tests, and for tokens that only their maker reads. */
  static generate(options: SigningKeyOptions = {}): SigningKey {
    return new SigningKey(randomBytes(32), options);
  }

  /**
   * One of many keys from one secret: HKDF-SHA256 (RFC 5869), 32 bytes, info `lacre/` + label. Give each direction of
   * a connection a label of its own, so that no frame can be sent back to its author.
   * Throws KeyError for a secret that `from` refuses and for a label that is not `[a-z0-9-]{1,32}`.
   *
   * ```ts
   * const mine = SigningKey.derive(sessionKey, "client");
   * ```
   */
  static derive(
    secret: string | Uint8Array,
    label: string,
    { salt, ...options }: SigningKeyOptions & { readonly salt?: Uint8Array } = {},
  ): SigningKey {
    if (typeof label !== "string" || !/^[a-z0-9-]{1,32}$/.test(label)) {
      throw new KeyError("a label has 1 to 32 of the characters a-z, 0-9 and -");
    }
    if (salt !== undefined && !isBytes(salt)) throw new KeyError("a salt is a Uint8Array");
    const info = encodeUtf8(`lacre/${label}`);
    return new SigningKey(hkdfSha256(secretBytes(secret), { salt, info, length: 32 }), options);
  }

  /**
   * The time to sign with at `now`, both Unix time in seconds: `now`, or a microsecond after the last such time, as a
   * replay guard would take two equal wire 1 frames with equal timestamps for one.
   *
   * @internal
   */
  nextTimestamp(now: number): number {
    const last = this.#lastTimestamp;
    const isTaken = now <= last && last - now < CLOCK_JITTER;
    this.#lastTimestamp = isTaken ? last + MICROSECOND : now;
    return this.#lastTimestamp;
  }
}

/** Bytes of a secret. Throws KeyError for one that protects nothing. */
export function secretBytes(secret: unknown): Uint8Array {
  if (typeof secret === "string") {
    if (!isWellFormed(secret))
      throw new KeyError("the secret has a lone surrogate, which has no UTF-8");
  } else if (!isBytes(secret)) {
    throw new KeyError("a secret is text or a Uint8Array");
  }
  const bytes = typeof secret === "string" ? encodeUtf8(secret) : secret;
  if (bytes.every((byte) => byte === 0)) throw new KeyError("the secret is empty or all zero");
  return bytes;
}
