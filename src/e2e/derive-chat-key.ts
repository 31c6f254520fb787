import { objectArgument } from "../arguments.js";
import { type Bytes, copyOfBytes, encodeUtf8, equalConstantTime, isWellFormed } from "../bytes.js";
import { pbkdf2Sha256 } from "../crypto/pbkdf2.js";
import { randomBytes } from "../crypto/random.js";
import { KeyError } from "../errors.js";
import { MAX_ITERATIONS, MAX_SALT_BYTES, MIN_ITERATIONS, MIN_SALT_BYTES } from "../limits.js";
import { ChatKey, checkBytes } from "./chat-key.js";
import { preparePassphrase } from "./passphrase.js";

/** PBKDF2 iterations by default: OWASP's recommendation for PBKDF2-HMAC-SHA256. */
const DEFAULT_ITERATIONS = 600_000;

/**
 * PBKDF2 iterations of the chats that version 1 clients created, 100,000. It is also the minimum.
 *
 * ```ts
 * const { salt, iterations = LEGACY_ITERATIONS, key_check: check } = chat;
 * ```
 */
export const LEGACY_ITERATIONS = MIN_ITERATIONS;

/** Options of `createChatKey`. */
export interface CreateChatKeyOptions {
  /** PBKDF2 iterations, 100,000 to 2,000,000. Default: 600,000. */
  readonly iterations?: number;
  /** Whether `export` returns the key's bytes. Default: false. */
  readonly extractable?: boolean;
}

/** A new chat's key, and the parameters that the server stores for the other member. */
export interface NewChatKey {
  readonly key: ChatKey;
  /** 16 random bytes. */
  readonly salt: Bytes;
  /** PBKDF2 iterations. */
  readonly iterations: number;
  /** 16 bytes: the `check` of the key. */
  readonly key_check: Bytes;
}

/**
 * Derives the key of a new chat from a passphrase with PBKDF2-HMAC-SHA256 (RFC 8018) and a new random salt. WebCrypto does
 * it outside the main thread; without WebCrypto it runs in JavaScript.
 *
 * @param passphrase - Well-formed text, to which `preparePassphrase` is applied.
 * @throws {KeyError} if the passphrase is empty or malformed, or if `iterations` is out of range.
 *
 * ```ts
 * const { key, ...parameters } = await createChatKey("café con leche"); // parameters: for POST /chats
 * ```
 */
export async function createChatKey(
  passphrase: string,
  options: CreateChatKeyOptions = {},
): Promise<NewChatKey> {
  const { iterations = DEFAULT_ITERATIONS, extractable = false } = objectArgument(
    options,
    "options",
  );
  const salt = randomBytes(MIN_SALT_BYTES);
  const key = await deriveUnchecked(passphrase, { salt, iterations, extractable });
  return { key, salt, iterations, key_check: key.check };
}

/** Options of `deriveChatKey`. */
export interface DeriveChatKeyOptions {
  /** Salt of the chat, 16 to 64 bytes. */
  readonly salt: Uint8Array;
  /** PBKDF2 iterations, 100,000 to 2,000,000. Default: 600,000. Version 1 clients use `LEGACY_ITERATIONS`. */
  readonly iterations?: number;
  /** `key_check` of the chat, 16 bytes. */
  readonly check: Uint8Array;
  /** Whether `export` returns the key's bytes. Default: false. */
  readonly extractable?: boolean;
}

/**
 * Derives the key of an existing chat from its passphrase, and compares it with the chat's check (docs/PROTOCOL.md,
 * section 8). If the check does not match, it tries the passphrase again with the white space around it, which earlier
 * versions did not remove.
 *
 * @param passphrase - Well-formed text, to which `preparePassphrase` is applied.
 * @throws {KeyError} `ERR_WRONG_PASSPHRASE` if the key has another check; `ERR_KEY` if the passphrase is empty or malformed,
 * or if a parameter is out of range.
 *
 * ```ts
 * const { salt, iterations, key_check: check } = chat;
 * const key = await deriveChatKey("café con leche", { salt, iterations, check });
 * ```
 */
export async function deriveChatKey(
  passphrase: string,
  options: DeriveChatKeyOptions,
): Promise<ChatKey> {
  const { check, iterations = DEFAULT_ITERATIONS, ...rest } = objectArgument(options, "options");
  const expected = checkBytes(check);
  // The salt is copied before the first await, because the caller may change it later.
  const parameters = parametersOf({ ...rest, iterations });
  let key: ChatKey | undefined;
  for (const form of formsOf(passphrase, preparePassphrase, inNfc)) {
    key = await derive(form, parameters);
    if (equalConstantTime(expected, key.check)) return key;
  }
  key!.assertCheck(expected);
  return key!;
}

type Parameters = Omit<DeriveChatKeyOptions, "check">;

/**
 * Derives a key without comparing it with a check. Not public: only a new chat has no check yet.
 *
 * @throws {KeyError} if the passphrase or a parameter is invalid.
 */
export async function deriveUnchecked(passphrase: string, options: Parameters): Promise<ChatKey> {
  const parameters = parametersOf(options);
  return derive(formsOf(passphrase, preparePassphrase)[0]!, parameters);
}

/**
 * Copies the parameters.
 *
 * @throws {KeyError} if one is out of range.
 */
function parametersOf({
  salt: given,
  iterations = LEGACY_ITERATIONS,
  extractable = false,
}: Parameters): Required<Parameters> {
  const salt = copyOfBytes(given) ?? new Uint8Array();
  if (salt.length < MIN_SALT_BYTES || salt.length > MAX_SALT_BYTES) {
    throw new KeyError(`a salt must have ${MIN_SALT_BYTES} to ${MAX_SALT_BYTES} bytes`);
  }
  if (!Number.isInteger(iterations) || iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
    throw new KeyError(`iterations must be an integer from ${MIN_ITERATIONS} to ${MAX_ITERATIONS}`);
  }
  return { salt, iterations, extractable };
}

async function derive(
  text: string,
  { salt, iterations, extractable }: Required<Parameters>,
): Promise<ChatKey> {
  const password = encodeUtf8(text);
  const raw = await pbkdf2Sha256(password, salt, iterations);
  const key = await ChatKey.from(raw, { extractable });
  for (const secret of [password, raw]) secret.fill(0);
  return key;
}

/**
 * Returns the distinct prepared forms of a passphrase that are not empty.
 *
 * @throws {KeyError} if there is none.
 */
function formsOf(passphrase: string, ...prepare: readonly ((text: string) => string)[]): string[] {
  if (typeof passphrase === "string" && isWellFormed(passphrase)) {
    const forms = new Set(prepare.map((formOf) => formOf(passphrase)));
    const usable = [...forms].filter((form) => form !== "");
    if (usable.length > 0) return usable;
  }
  throw new KeyError("a passphrase must be well-formed text that is not empty");
}

/** Prepares a passphrase as earlier versions did. */
const inNfc = (text: string) => text.normalize("NFC");
