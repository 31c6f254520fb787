import { objectArgument } from "../arguments.js";
import { type Bytes, copyOfBytes, encodeUtf8 } from "../bytes.js";
import { randomBytes } from "../crypto/random.js";
import { DecryptError, ValidationError } from "../errors.js";
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES } from "../limits.js";
import { aeadOf, type ChatKey } from "./chat-key.js";

/** Ciphertext and its nonce. */
export interface Encrypted {
  /** 12 bytes. */
  readonly nonce: Bytes;
  /** The ciphertext, 16 bytes longer than the plaintext: it ends with the tag. */
  readonly content: Bytes;
}

const OWN_AAD = /* @__PURE__ */ encodeUtf8("lacre/");

/**
 * Encrypts bytes other than a chat message (a file, a backup) with AES-256-GCM (RFC 5116) under a random nonce.
 *
 * @param options - `aad` is additional authenticated data: it is not encrypted, and `decrypt` needs the same bytes. It must
 * not begin with `lacre/`, which the library reserves. Default: empty.
 * @throws {ValidationError} if `bytes` or `aad` is not a Uint8Array, or if `aad` begins with `lacre/`.
 * @throws {KeyError} if `key` is not a ChatKey.
 *
 * ```ts
 * const encrypted = await encrypt(key, file, { aad: new TextEncoder().encode("photo.jpg") });
 * ```
 */
export async function encrypt(
  key: ChatKey,
  bytes: Uint8Array,
  options: { readonly aad?: Uint8Array } = {},
): Promise<Encrypted> {
  const plaintext = copyOfBytes(bytes);
  if (plaintext === undefined) throw invalid("bytes", "must be a Uint8Array");
  return encryptBytes(key, plaintext, applicationAad(options));
}

/**
 * Decrypts the result of `encrypt`.
 *
 * @param options - `aad` is the same as in `encrypt`.
 * @throws {DecryptError} if the ciphertext, its nonce or `aad` was changed, or the key is another. It does not reveal which.
 * @throws {ValidationError} if `aad` is not a Uint8Array, or begins with `lacre/`.
 * @throws {KeyError} if `key` is not a ChatKey.
 *
 * ```ts
 * const file = await decrypt(key, encrypted, { aad: new TextEncoder().encode("photo.jpg") });
 * ```
 */
export async function decrypt(
  key: ChatKey,
  encrypted: { readonly [Field in keyof Encrypted]: Uint8Array },
  options: { readonly aad?: Uint8Array } = {},
): Promise<Bytes> {
  return decryptBytes(key, encrypted, applicationAad(options));
}

/** Encrypts bytes under any AAD. Nonces are generated here only, so that no caller can repeat one. */
export async function encryptBytes(
  key: ChatKey,
  plaintext: Uint8Array,
  aad: Uint8Array,
): Promise<Encrypted> {
  const nonce = randomBytes(AEAD_NONCE_BYTES);
  return { nonce, content: await aeadOf(key).encrypt(nonce, plaintext, aad) };
}

/**
 * Decrypts bytes under any AAD.
 *
 * @throws {DecryptError} if that fails for any reason.
 */
export async function decryptBytes(
  key: ChatKey,
  encrypted: { readonly [Field in keyof Encrypted]: Uint8Array },
  aad: Uint8Array,
): Promise<Bytes> {
  const aead = aeadOf(key);
  // Copies, because WebCrypto throws its own errors for shared and for resizable buffers.
  const nonce = copyOfBytes(encrypted?.nonce);
  const content = copyOfBytes(encrypted?.content);
  const isPlausible =
    nonce?.length === AEAD_NONCE_BYTES && content !== undefined && content.length >= AEAD_TAG_BYTES;
  if (!isPlausible) throw new DecryptError();
  try {
    return await aead.decrypt(nonce, content, aad);
  } catch {
    throw new DecryptError();
  }
}

/** Copies and checks the caller's AAD. The caller cannot change the checked copy. */
function applicationAad(options: { readonly aad?: Uint8Array }): Uint8Array {
  const { aad = new Uint8Array() } = objectArgument(options, "options");
  const bytes = copyOfBytes(aad);
  if (bytes === undefined) throw invalid("aad", "must be a Uint8Array");
  if (OWN_AAD.every((byte, at) => bytes[at] === byte)) {
    throw invalid("aad", "must not begin with lacre/, which the library reserves");
  }
  return bytes;
}

function invalid(field: string, message: string): ValidationError {
  return new ValidationError("encrypt", [{ path: [field], message }]);
}
