import { encodeUtf8, isBytes } from "../bytes.js";
import { randomBytes } from "../crypto/random.js";
import { DecryptError, ValidationError } from "../errors.js";
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES } from "../limits.js";
import { ChatKey } from "./chat-key.js";

/** Ciphertext with what is needed to decrypt it: 12 bytes of nonce; content that ends in a tag of 16 bytes. */
export interface Encrypted {
  readonly nonce: Uint8Array;
  readonly content: Uint8Array;
}

const OWN_AAD = /* @__PURE__ */ encodeUtf8("lacre/");

/**
 * Encrypts bytes that are no chat message (a file, a backup) with AES-256-GCM (RFC 5116) under a random nonce; `aad` is
 * authenticated with them and must be given to decrypt. Throws ValidationError for an `aad` that begins with `lacre/`,
 * which is the library's own.
 *
 * ```ts
 * const sealed = await encrypt(key, file, { aad: fileName });
 * ```
 */
export async function encrypt(
  key: ChatKey,
  bytes: Uint8Array,
  { aad = new Uint8Array() }: { readonly aad?: Uint8Array } = {},
): Promise<Encrypted> {
  if (!isBytes(bytes)) throw refused("bytes", "must be a Uint8Array");
  assertForeignAad(aad);
  return seal(key, bytes, aad);
}

/**
 * Decrypts what `encrypt` made. Throws DecryptError, the same whatever is wrong, and ValidationError as `encrypt` does.
 *
 * ```ts
 * const file = await decrypt(key, sealed, { aad: fileName });
 * ```
 */
export async function decrypt(
  key: ChatKey,
  encrypted: Encrypted,
  { aad = new Uint8Array() }: { readonly aad?: Uint8Array } = {},
): Promise<Uint8Array> {
  assertForeignAad(aad);
  return unseal(key, encrypted, aad);
}

/** Encrypts under any aad. A nonce is drawn here and nowhere else, so that no caller can repeat one. */
export async function seal(
  key: ChatKey,
  plaintext: Uint8Array,
  aad: Uint8Array,
): Promise<Encrypted> {
  const nonce = randomBytes(AEAD_NONCE_BYTES);
  return { nonce, content: await ChatKey.aeadOf(key).seal(nonce, plaintext, aad) };
}

/** Decrypts under any aad. */
export async function unseal(
  key: ChatKey,
  encrypted: Encrypted,
  aad: Uint8Array,
): Promise<Uint8Array> {
  const aead = ChatKey.aeadOf(key);
  const { nonce, content } = encrypted ?? {};
  const isPlausible =
    isBytes(nonce) &&
    nonce.length === AEAD_NONCE_BYTES &&
    isBytes(content) &&
    content.length >= AEAD_TAG_BYTES;
  if (!isPlausible) throw new DecryptError();
  try {
    return await aead.open(nonce, content, aad);
  } catch {
    throw new DecryptError();
  }
}

function assertForeignAad(aad: unknown): void {
  if (!isBytes(aad)) throw refused("aad", "must be a Uint8Array");
  if (OWN_AAD.every((byte, at) => aad[at] === byte)) {
    throw refused("aad", "must not begin with lacre/, which is the library's own");
  }
}

function refused(field: string, message: string): ValidationError {
  return new ValidationError("encrypt", [{ path: [field], message }]);
}
