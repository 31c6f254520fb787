import { concat, decodeHex } from "../../bytes.js";
import type { LacreErrorCode } from "../../errors.js";

// What stands in vectors/*.json, whose README says it for readers in any language.

/** Bytes: hexadecimal text, or parts that are each repeated so many times. */
export type VectorBytes = string | readonly (readonly [hex: string, times: number])[];

/** A value as JSON; `{ "$hex": … }` is bytes, `{ "$float": … }` a float64 that JSON has no number for. */
export type VectorValue =
  | null
  | boolean
  | number
  | string
  | { readonly $hex: VectorBytes }
  | { readonly $float: "NaN" | "Infinity" | "-Infinity" | "-0" }
  | readonly VectorValue[]
  | { readonly [name: string]: VectorValue };

/** What every vector has. */
export interface Vector {
  readonly name: string;
  /** The requirement of docs/PROTOCOL.md that it shows. */
  readonly requirement: string;
}

/** What every vector has that is to be refused. */
export interface InvalidVector extends Vector {
  readonly reason: string;
  readonly error: {
    readonly class:
      | "DecodeError"
      | "VerifyError"
      | "FreshnessError"
      | "ValidationError"
      | "DecryptError"
      | "KeyError";
    readonly code: LacreErrorCode;
  };
}

/** Vectors of one kind. */
export interface Vectors<Valid extends Vector, Invalid extends InvalidVector> {
  readonly valid: readonly Valid[];
  readonly invalid: readonly Invalid[];
}

/** What a receiver has when a frame comes. */
export interface Reception {
  readonly frame: VectorBytes;
  /** The secret that both ends have: text, or bytes. */
  readonly secret: string | { readonly $hex: string };
  /** The key's id, which wire 2 names. */
  readonly key_id: string;
  /** The receiver's time, Unix time in seconds. */
  readonly now: number;
}

/** A frame that opens, and what is in it. */
export interface ValidFrame extends Vector, Reception {
  readonly type: string;
  readonly timestamp: number;
  readonly payload: VectorValue;
}

/** A frame that does not open. */
export interface InvalidFrame extends InvalidVector, Reception {}

/** A message in a frame of one wire; the same value makes the same frame. */
export interface ValidMessage extends Vector, Reception {
  readonly type: string;
  readonly wire: 1 | 2;
  readonly timestamp: number;
  /** The frame's own UUID; null on wire 1. */
  readonly id: string | null;
  readonly value: VectorValue;
}

/** A frame that opens, and whose payload does not fit its type. */
export interface InvalidMessage extends InvalidVector, Reception {
  readonly type: string;
  /** Where the payload does not fit. */
  readonly path: readonly (string | number)[];
}

/** A key, and what it makes of the four bytes 00 01 02 03: HMAC-SHA256, in hexadecimal text. */
export interface ValidKey extends Vector {
  readonly secret: string | { readonly $hex: string };
  /** The label that it is derived with; null for the secret itself. */
  readonly label: string | null;
  /** The salt that it is derived with, in hexadecimal text. */
  readonly salt: string | null;
  readonly tag: string;
}

/** What no key may be made of. */
export interface InvalidKey extends InvalidVector {
  readonly secret: VectorValue;
  readonly label: string | null;
}

/** A session's key, of a server's secret. */
export interface SessionKeyVector extends Vector {
  readonly server_secret: string;
  readonly session_id: string;
  readonly session_key: string;
}

/** A chat's key, of a passphrase. */
export interface ValidChatKey extends Vector {
  readonly passphrase: string;
  readonly salt: string;
  readonly iterations: number;
  readonly key: string;
  readonly key_check: string;
}

/** Parameters that a client refuses. */
export interface InvalidChatKey extends InvalidVector {
  readonly passphrase: string;
  readonly salt: string;
  readonly iterations: number;
  /** The check that the chat has; null where there is none yet. */
  readonly key_check: string | null;
}

/** An encrypted message; `key` is the chat's, in hexadecimal text. */
export interface EncryptedMessage {
  readonly key: string;
  readonly message: { readonly [field: string]: VectorValue };
}

/** A message that decrypts, with each step on the way. */
export interface ValidEncryption extends Vector, EncryptedMessage {
  readonly aad: string;
  readonly plaintext: VectorBytes;
  readonly body: VectorBytes;
  readonly is_deflated: boolean;
  readonly content: VectorValue;
  /** SHA-256 of aad ‖ nonce ‖ content (S-12). */
  readonly body_digest: string;
}

/** A message that does not decrypt. */
export interface InvalidEncryption extends InvalidVector, EncryptedMessage {}

/** The length to which a plaintext is padded. */
export interface Padding extends Vector {
  readonly length: number;
  readonly padded: number;
}

/** A greeting, and the keys that both ends have after it. */
export interface ValidGreeting extends Vector {
  readonly session_key: string;
  readonly hello: string;
  readonly welcome: string;
  readonly wire: 1 | 2;
  /** HMAC-SHA256 of the four bytes 00 01 02 03 under the key of each direction of the connection. */
  readonly tags: { readonly client: string; readonly server: string };
}

/** A first frame that a server refuses (`side` server), or a welcome that a client does who said `hello`. */
export interface InvalidGreeting extends InvalidVector {
  readonly side: "server" | "client";
  readonly session_key: string;
  readonly hello: string;
  readonly welcome: string | null;
}

/** The bytes that a vector has. */
export function vectorBytes(bytes: VectorBytes): Uint8Array {
  if (typeof bytes === "string") return decodeHex(bytes) ?? new Uint8Array();
  return concat(...bytes.flatMap(([hex, times]) => repeated(vectorBytes(hex), times)));
}

function repeated(part: Uint8Array, times: number): Uint8Array {
  const whole = new Uint8Array(part.length * times);
  for (let at = 0; at < times; at++) whole.set(part, at * part.length);
  return whole;
}

/** The value that a vector has, with bytes as a Uint8Array. */
export function vectorValue(value: VectorValue): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(vectorValue);
  const { $hex, $float } = value as { $hex?: VectorBytes; $float?: string };
  if ($hex !== undefined) return vectorBytes($hex);
  if ($float !== undefined) return Number($float);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, vectorValue(inner as VectorValue)]),
  );
}
