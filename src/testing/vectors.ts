import { type Bytes, concat, decodeHex } from "../bytes.js";
import type { LacreErrorCode } from "../errors.js";

// Types of vectors/*.json. vectors/README.md describes the format for readers in any language.

/** Bytes: hexadecimal text, or a list of parts with the number of times that each is repeated. */
export type VectorBytes = string | readonly (readonly [hex: string, times: number])[];

/**
 * A value as JSON. `{ "$hex": … }` is bytes, `{ "$float": … }` is a float64 that JSON cannot represent, and
 * `{ "$utf16": … }` is text with a lone surrogate: its UTF-16 code units in hexadecimal, big-endian.
 */
export type VectorValue =
  | null
  | boolean
  | number
  | string
  | { readonly $hex: VectorBytes }
  | { readonly $utf16: string }
  | { readonly $float: "NaN" | "Infinity" | "-Infinity" | "-0" }
  | readonly VectorValue[]
  | { readonly [name: string]: VectorValue };

/** The fields of every vector. */
export interface Vector {
  readonly name: string;
  /** The requirement of docs/PROTOCOL.md that the vector tests, such as `W1-5`. */
  readonly requirement: string;
}

/** The fields of every vector that must be rejected. */
export interface InvalidVector extends Vector {
  /** Why the vector is rejected. */
  readonly reason: string;
  /** The error of this library. */
  readonly error: {
    readonly class:
      | "DecodeError"
      | "VerifyError"
      | "FreshnessError"
      | "ValidationError"
      | "DecryptError"
      | "KeyError"
      | "DeviceLogError"
      | "HistoryError";
    readonly code: LacreErrorCode;
  };
}

/** Vectors of one kind. */
export interface Vectors<Valid extends Vector, Invalid extends InvalidVector> {
  readonly valid: readonly Valid[];
  readonly invalid: readonly Invalid[];
}

/** A frame, and the state of its receiver. */
export interface Reception {
  readonly frame: VectorBytes;
  /** The secret that both ends share: text, or bytes. */
  readonly secret: string | { readonly $hex: string };
  /** Id of the key, which a wire 2 frame names. */
  readonly key_id: string;
  /** Time of receipt, Unix time in seconds. */
  readonly now: number;
}

/** A valid frame, and its contents. */
export interface ValidFrame extends Vector, Reception {
  readonly type: string;
  readonly timestamp: number;
  readonly payload: VectorValue;
}

/** A frame that must be rejected. */
export interface InvalidFrame extends InvalidVector, Reception {}

/** A message in a frame of one wire. Encoding `value` produces the same frame, unless the case is in `tolerated`. */
export interface ValidMessage extends Vector, Reception {
  readonly type: string;
  readonly wire: 1 | 2;
  readonly timestamp: number;
  /** UUID of the frame; null on wire 1. */
  readonly id: string | null;
  readonly value: VectorValue;
}

/** A valid frame whose payload does not match the schema of its type. */
export interface InvalidMessage extends InvalidVector, Reception {
  readonly type: string;
  /** Keys and indices that lead to the invalid field. */
  readonly path: readonly (string | number)[];
}

/** A signing key. */
export interface ValidKey extends Vector {
  readonly secret: string | { readonly $hex: string };
  /** Label of the derivation; null for a key from the secret itself. */
  readonly label: string | null;
  /** Salt of the derivation, in hexadecimal. */
  readonly salt: string | null;
  /** HMAC-SHA256 of the four bytes 00 01 02 03 under the key, in hexadecimal. */
  readonly tag: string;
}

/** A secret or label that must be rejected. */
export interface InvalidKey extends InvalidVector {
  readonly secret: VectorValue;
  readonly label: string | null;
}

/** The key of a session, derived from a server's secret. All fields are hexadecimal. */
export interface SessionKeyVector extends Vector {
  readonly server_secret: string;
  readonly session_id: string;
  readonly session_key: string;
}

/** The key of a chat, derived from a passphrase. */
export interface ValidChatKey extends Vector {
  readonly passphrase: string;
  readonly salt: string;
  readonly iterations: number;
  readonly key: string;
  readonly key_check: string;
}

/** Parameters of a chat key that a client must reject. */
export interface InvalidChatKey extends InvalidVector {
  readonly passphrase: string | { readonly $utf16: string };
  readonly salt: string;
  readonly iterations: number;
  /** Key check of the chat; null if it has none yet. */
  readonly key_check: string | null;
}

/** An encrypted message. */
export interface EncryptedMessage {
  /** Key of the chat, in hexadecimal. */
  readonly key: string;
  readonly message: { readonly [field: string]: VectorValue };
}

/** A message that decrypts, with the result of each step. */
export interface ValidEncryption extends Vector, EncryptedMessage {
  readonly aad: string;
  readonly plaintext: VectorBytes;
  readonly body: VectorBytes;
  readonly is_deflated: boolean;
  readonly content: VectorValue;
  /** SHA-256 of aad ‖ nonce ‖ content (S-12). */
  readonly body_digest: string;
}

/** A message that must not decrypt. */
export interface InvalidEncryption extends InvalidVector, EncryptedMessage {}

/** Encrypted bytes other than a message. All fields are hexadecimal. */
export interface EncryptedBytes {
  readonly key: string;
  /** Additional authenticated data of the application. */
  readonly aad: string;
  readonly nonce: string;
  readonly content: string;
}

/** Bytes that decrypt. */
export interface ValidBytes extends Vector, EncryptedBytes {
  readonly bytes: string;
}

/** Bytes that must not decrypt, or an `aad` that an application must not use. */
export interface InvalidBytes extends InvalidVector, EncryptedBytes {}

/** A chat key's check that is stored encrypted under it. All fields are hexadecimal. */
export interface ValidKeptCheck extends Vector {
  readonly key: string;
  /** Nonce and ciphertext. */
  readonly encrypted_check: string;
  readonly key_check: string;
}

/** A stored check that a client must reject. */
export interface InvalidKeptCheck extends InvalidVector {
  readonly key: string;
  readonly encrypted_check: string;
}

/** Length of a plaintext, and the length to which it is padded; in bytes. */
export interface Padding extends Vector {
  readonly length: number;
  readonly padded: number;
}

/** A handshake, and the keys that both ends derive from it. */
export interface ValidHandshake extends Vector {
  readonly session_key: string;
  readonly hello: string;
  readonly welcome: string;
  readonly wire: 1 | 2;
  /** HMAC-SHA256 of the four bytes 00 01 02 03 under the key of each direction of the connection. */
  readonly tags: { readonly client: string; readonly server: string };
}

/** A first frame that a server must reject (`side` server), or a welcome that the client of `hello` must reject. */
export interface InvalidHandshake extends InvalidVector {
  readonly side: "server" | "client";
  readonly session_key: string;
  readonly hello: string;
  readonly welcome: string | null;
}

/** An HTTP answer in a frame that a client accepts. */
export interface ValidHttpAnswer extends Vector {
  readonly session_key: string;
  /** The frame of the request; null for a request that has a `lacre-request` header instead. */
  readonly request: string | null;
  /** The bytes that identify the request in the answer: the tag of its frame, or the bytes of its header. */
  readonly tag: string;
  readonly answer: string;
  readonly wire: 1 | 2;
  readonly type: string;
}

/** A request that a server must reject (`side` server), or an answer that the client of the request `tag` must reject. */
export interface InvalidHttpFrame extends InvalidVector {
  readonly side: "server" | "client";
  readonly session_key: string;
  readonly tag: string;
  readonly frame: string;
}

/**
 * Decodes the bytes of a vector.
 *
 * ```ts
 * for (const { name, frame } of wire1.valid) test(name, () => MessageProtocol.fromBytes(vectorBytes(frame)));
 * ```
 */
export function vectorBytes(bytes: VectorBytes): Bytes {
  if (typeof bytes === "string") return decodeHex(bytes) ?? new Uint8Array();
  return concat(...bytes.flatMap(([hex, times]) => repeated(vectorBytes(hex), times)));
}

function repeated(part: Uint8Array, times: number): Uint8Array {
  const whole = new Uint8Array(part.length * times);
  for (let at = 0; at < times; at++) whole.set(part, at * part.length);
  return whole;
}

/** Decodes the value of a vector: `$hex` becomes a Uint8Array, `$float` a number, `$utf16` a string. */
export function vectorValue(value: VectorValue): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(vectorValue);
  const { $hex, $float, $utf16 } = value as {
    $hex?: VectorBytes;
    $float?: string;
    $utf16?: string;
  };
  if ($hex !== undefined) return vectorBytes($hex);
  if ($float !== undefined) return Number($float);
  if ($utf16 !== undefined) {
    const units = $utf16.match(/.{4}/g) ?? [];
    return String.fromCharCode(...units.map((unit) => Number.parseInt(unit, 16)));
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, vectorValue(inner as VectorValue)]),
  );
}
