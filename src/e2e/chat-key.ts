import { aesGcm } from "#native";
import { objectArgument } from "../arguments.js";
import {
  type Bytes,
  concat,
  copyOfBytes,
  encodeUtf8,
  equalConstantTime,
  isBytes,
} from "../bytes.js";
import { type AesGcm, aesGcmInWebCrypto, type PlatformCryptoKey } from "../crypto/aead.js";
import { hkdfSha256 } from "../crypto/hkdf.js";
import { randomBytes } from "../crypto/random.js";
import { KeyError } from "../errors.js";
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES, KEY_CHECK_BYTES } from "../limits.js";

const CHAT_KEY_BYTES = 32;
/** Token that the constructor requires, so that callers cannot create a key from an object of theirs. */
const FROM_THIS_MODULE = Symbol();

/** The cipher of each key, inaccessible to callers. An object is a ChatKey only if it is in this map. */
const aeads = /* @__PURE__ */ new WeakMap<ChatKey, AesGcm>();

/** Additional authenticated data of the encrypted check that is stored with a CryptoKey. */
const STORED_CHECK_AAD = /* @__PURE__ */ encodeUtf8("lacre/e2e/kept-check");
const ENCRYPTED_CHECK_BYTES = AEAD_NONCE_BYTES + KEY_CHECK_BYTES + AEAD_TAG_BYTES;

/**
 * The key of one chat, for AES-256-GCM (docs/PROTOCOL.md, section 8). Its bytes cannot be read unless it is `extractable`,
 * and they never appear in logs.
 *
 * ```ts
 * const { key } = await createChatKey("café con leche");
 * ```
 */
export class ChatKey {
  readonly #check: Bytes;
  readonly #extractable: Bytes | undefined;

  private constructor(token: symbol, aead: AesGcm, check: Bytes, extractable: Bytes | undefined) {
    if (token !== FROM_THIS_MODULE) throw new KeyError(NO_CHAT_KEY);
    aeads.set(this, aead);
    this.#check = check;
    this.#extractable = extractable;
  }

  /**
   * Creates a key from 32 bytes, or from a CryptoKey that was stored in IndexedDB. Call `assertCheck` with the check of the
   * chat before you use the key.
   *
   * @param material - 32 bytes that are not all zero, or the `cryptoKey` of another ChatKey.
   * @param options - `encryptedCheck` is the 44 bytes of `encryptCheck`, stored with the CryptoKey. `extractable` allows
   * `export`. Default: false.
   * @throws {KeyError} if the material is invalid; `ERR_WRONG_PASSPHRASE` if the encrypted check is of another key.
   */
  static async from(
    material: Uint8Array,
    options?: { readonly extractable?: boolean },
  ): Promise<ChatKey>;
  static async from(
    material: PlatformCryptoKey,
    options: { readonly encryptedCheck: Uint8Array },
  ): Promise<ChatKey>;
  static async from(
    material: Uint8Array | PlatformCryptoKey,
    options: { readonly extractable?: boolean; readonly encryptedCheck?: Uint8Array } = {},
  ): Promise<ChatKey> {
    objectArgument(options, "options");
    if (!isBytes(material)) return ChatKey.#fromCryptoKey(material, options.encryptedCheck);
    // Both are read before the first await, because the caller may change them later.
    const raw = new Uint8Array(material);
    const { extractable = false } = options;
    if (raw.length !== CHAT_KEY_BYTES || raw.every((byte) => byte === 0)) {
      throw new KeyError(`a chat key must have ${CHAT_KEY_BYTES} bytes that are not all zero`);
    }
    const info = encodeUtf8("lacre/e2e/check");
    const check = hkdfSha256(raw, { info, length: KEY_CHECK_BYTES });
    const key = new ChatKey(
      FROM_THIS_MODULE,
      await aesGcm(raw),
      check,
      extractable ? raw.slice() : undefined,
    );
    raw.fill(0);
    return key;
  }

  static async #fromCryptoKey(
    cryptoKey: PlatformCryptoKey,
    encryptedCheck: unknown,
  ): Promise<ChatKey> {
    const { name, length } = (cryptoKey?.algorithm ?? {}) as AesKeyAlgorithm;
    const usages = cryptoKey?.usages;
    const isUsable = usages?.includes("encrypt") && usages.includes("decrypt");
    if (name !== "AES-GCM" || length !== 256 || !isUsable) {
      throw new KeyError(
        "a chat key must be 32 bytes, or an AES-GCM CryptoKey of 256 bits with both usages",
      );
    }
    const aead = aesGcmInWebCrypto(cryptoKey);
    const check = await decryptCheck(aead, encryptedCheck);
    return new ChatKey(FROM_THIS_MODULE, aead, check, undefined);
  }

  /** 16 bytes that identify the key and reveal nothing else about it. The server stores them as `key_check` of the chat. */
  get check(): Bytes {
    return this.#check.slice();
  }

  /**
   * Returns the check encrypted under this key, 44 bytes. Store it with `cryptoKey`: `from` uses it to reject another key.
   *
   * ```ts
   * const kept = { cryptoKey: chatKey.cryptoKey, encryptedCheck: await chatKey.encryptCheck() };
   * ```
   */
  async encryptCheck(): Promise<Bytes> {
    const nonce = randomBytes(AEAD_NONCE_BYTES);
    return concat(nonce, await aeadOf(this).encrypt(nonce, this.#check, STORED_CHECK_AAD));
  }

  /** The non-extractable CryptoKey, which IndexedDB can store. Undefined on platforms where WebCrypto is not used. */
  get cryptoKey(): PlatformCryptoKey | undefined {
    return aeadOf(this).cryptoKey;
  }

  /**
   * Compares the key with the check of a chat, in constant time. Call it before you encrypt or decrypt, because AES-GCM does
   * not commit to its key.
   *
   * @param check - 16 bytes.
   * @throws {KeyError} `ERR_WRONG_PASSPHRASE` if the check is of another key; `ERR_KEY` if it is not 16 bytes.
   */
  assertCheck(check: Uint8Array): void {
    if (equalConstantTime(checkBytes(check), this.#check)) return;
    throw new KeyError("wrong passphrase: the derived key is not the chat's", {
      code: "ERR_WRONG_PASSPHRASE",
    });
  }

  /**
   * Returns the 32 bytes of the key, for clients that store keys in a file.
   *
   * @throws {KeyError} if the key is not `extractable`.
   */
  export(): Bytes {
    if (this.#extractable === undefined) {
      throw new KeyError("the key is not extractable: derive it with { extractable: true }");
    }
    return this.#extractable.slice();
  }
}

/**
 * Returns the cipher of a key.
 *
 * @throws {KeyError} if `key` is not a ChatKey.
 */
export function aeadOf(key: ChatKey): AesGcm {
  const aead = aeads.get(key);
  if (aead === undefined) throw new KeyError(NO_CHAT_KEY);
  return aead;
}

const NO_CHAT_KEY = "the key must be a ChatKey: create it with deriveChatKey";

async function decryptCheck(aead: AesGcm, encrypted: unknown): Promise<Bytes> {
  const own = copyOfBytes(encrypted);
  if (own?.length !== ENCRYPTED_CHECK_BYTES) {
    throw new KeyError(
      `a CryptoKey needs encryptedCheck: the ${ENCRYPTED_CHECK_BYTES} bytes of its ChatKey's encryptCheck()`,
    );
  }
  const [nonce, content] = [own.subarray(0, AEAD_NONCE_BYTES), own.subarray(AEAD_NONCE_BYTES)];
  try {
    return await aead.decrypt(nonce, content, STORED_CHECK_AAD);
  } catch {
    throw new KeyError("the stored check is not of this key", { code: "ERR_WRONG_PASSPHRASE" });
  }
}

/**
 * Copies a check.
 *
 * @throws {KeyError} if it is not 16 bytes.
 */
export function checkBytes(check: unknown): Bytes {
  const bytes = copyOfBytes(check);
  if (bytes?.length !== KEY_CHECK_BYTES) {
    throw new KeyError(`a key check must have ${KEY_CHECK_BYTES} bytes`);
  }
  return bytes;
}
