import { aesGcm } from "#native";
import { encodeUtf8, equalConstantTime, isBytes, isWellFormed } from "../bytes.js";
import { type AesGcm, aesGcmInWebCrypto } from "../crypto/aead.js";
import { hkdfSha256 } from "../crypto/hkdf.js";
import { pbkdf2Sha256 } from "../crypto/pbkdf2.js";
import { randomBytes } from "../crypto/random.js";
import { KeyError } from "../errors.js";
import {
  KEY_CHECK_BYTES,
  MAX_ITERATIONS,
  MAX_SALT_BYTES,
  MIN_ITERATIONS,
  MIN_SALT_BYTES,
} from "../limits.js";

const CHAT_KEY_BYTES = 32;

/**
 * The key of one chat, for AES-256-GCM. Its bytes are out of reach unless it was made `extractable`, and it never
 * prints itself.
 *
 * ```ts
 * const key = await deriveChatKey("café con leche", { salt: generateSalt(), iterations: 600_000 });
 * ```
 */
export class ChatKey {
  readonly #aead: AesGcm;
  readonly #check: Uint8Array;
  readonly #extractable: Uint8Array | undefined;

  /** @internal */
  static aeadOf(key: ChatKey): AesGcm {
    if (typeof key !== "object" || key === null || !(#aead in key)) {
      throw new KeyError("a ChatKey is needed, as deriveChatKey makes it");
    }
    return key.#aead;
  }

  private constructor(aead: AesGcm, check: Uint8Array, extractable: Uint8Array | undefined) {
    this.#aead = aead;
    this.#check = check;
    this.#extractable = extractable;
  }

  /**
   * A key from 32 random or derived bytes, or from a CryptoKey out of IndexedDB, which does not tell its `check`: give
   * the one that was stored with it. Throws KeyError.
   */
  static async from(
    material: Uint8Array,
    options?: { readonly extractable?: boolean },
  ): Promise<ChatKey>;
  static async from(material: CryptoKey, options: { readonly check: Uint8Array }): Promise<ChatKey>;
  static async from(
    material: Uint8Array | CryptoKey,
    options: { readonly extractable?: boolean; readonly check?: Uint8Array } = {},
  ): Promise<ChatKey> {
    if (!isBytes(material)) return ChatKey.#fromCryptoKey(material, options.check);
    if (material.length !== CHAT_KEY_BYTES || material.every((byte) => byte === 0)) {
      throw new KeyError(`a chat key is ${CHAT_KEY_BYTES} bytes that are not all zero`);
    }
    const raw = new Uint8Array(material);
    const info = encodeUtf8("lacre/e2e/check");
    const check = hkdfSha256(raw, { info, length: KEY_CHECK_BYTES });
    return new ChatKey(await aesGcm(raw), check, options.extractable ? raw : undefined);
  }

  static #fromCryptoKey(cryptoKey: CryptoKey, check: Uint8Array | undefined): ChatKey {
    const { name, length } = (cryptoKey?.algorithm ?? {}) as AesKeyAlgorithm;
    const usages = cryptoKey?.usages;
    const isUsable = usages?.includes("encrypt") && usages.includes("decrypt");
    if (name !== "AES-GCM" || length !== 256 || !isUsable) {
      throw new KeyError(
        "a chat key is 32 bytes, or a CryptoKey of AES-GCM with 256 bits for both uses",
      );
    }
    return new ChatKey(aesGcmInWebCrypto(cryptoKey), checkBytes(check), undefined);
  }

  /** 16 bytes that tell this key from others and nothing else about it; the chat's creator leaves them with the server. */
  get check(): Uint8Array {
    return this.#check.slice();
  }

  /** The non-extractable handle of a browser, which IndexedDB can hold; undefined elsewhere. */
  get cryptoKey(): CryptoKey | undefined {
    return this.#aead.cryptoKey;
  }

  /**
   * Compares with the chat's 16-byte check, in constant time. To be called before anything is encrypted or decrypted,
   * because AES-GCM does not commit to its key. Throws KeyError `ERR_WRONG_PASSPHRASE`.
   */
  assertCheck(check: Uint8Array): void {
    if (equalConstantTime(checkBytes(check), this.#check)) return;
    throw new KeyError("wrong passphrase: it makes another key than the chat's", {
      code: "ERR_WRONG_PASSPHRASE",
    });
  }

  /** The 32 bytes, for clients that keep keys in a file. Throws KeyError unless the key was made `extractable`. */
  export(): Uint8Array {
    if (this.#extractable === undefined) {
      throw new KeyError("the key is not extractable: derive it with { extractable: true }");
    }
    return this.#extractable.slice();
  }
}

function checkBytes(check: unknown): Uint8Array {
  if (!isBytes(check) || check.length !== KEY_CHECK_BYTES) {
    throw new KeyError(`a key check has ${KEY_CHECK_BYTES} bytes`);
  }
  return new Uint8Array(check);
}

/** How to derive a chat's key. */
export interface DeriveChatKeyOptions {
  /** 16 to 64 random bytes, the chat's own. */
  readonly salt: Uint8Array;
  /** PBKDF2 iterations, 100,000 to 2,000,000. By default 100,000, as peers of the first version use; new chats deserve 600,000. */
  readonly iterations?: number;
  /** The chat's 16-byte check, if it has one already: another key than the chat's is then refused with `ERR_WRONG_PASSPHRASE`. */
  readonly check?: Uint8Array;
  /** Whether `export` gives the key's bytes. */
  readonly extractable?: boolean;
}

/** A new chat's salt: 16 random bytes. */
export function generateSalt(): Uint8Array {
  return randomBytes(MIN_SALT_BYTES);
}

/**
 * The key of a chat from the passphrase that its members agreed on: PBKDF2-HMAC-SHA256 (RFC 8018) of the
 * NFC-normalised text, 32 bytes. Off the main thread where WebCrypto exists. Throws KeyError for an empty or malformed
 * passphrase and for parameters that no honest server gives.
 *
 * ```ts
 * const { salt, iterations, key_check: check } = chat;
 * const key = await deriveChatKey("café con leche", { salt, iterations, check });
 * ```
 */
export async function deriveChatKey(
  passphrase: string,
  { salt, iterations = MIN_ITERATIONS, check, extractable = false }: DeriveChatKeyOptions,
): Promise<ChatKey> {
  if (typeof passphrase !== "string" || passphrase === "" || !isWellFormed(passphrase)) {
    throw new KeyError("a passphrase is well-formed text that is not empty");
  }
  if (!isBytes(salt) || salt.length < MIN_SALT_BYTES || salt.length > MAX_SALT_BYTES) {
    throw new KeyError(`a salt has ${MIN_SALT_BYTES} to ${MAX_SALT_BYTES} bytes`);
  }
  if (!Number.isInteger(iterations) || iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
    throw new KeyError(`iterations are a whole number from ${MIN_ITERATIONS} to ${MAX_ITERATIONS}`);
  }
  const raw = await pbkdf2Sha256(
    encodeUtf8(passphrase.normalize("NFC")),
    new Uint8Array(salt),
    iterations,
  );
  const key = await ChatKey.from(raw, { extractable });
  raw.fill(0);
  if (check !== undefined) key.assertCheck(check);
  return key;
}
