import { SigningKey } from "../../../src/index.js";
import type { InvalidVector, VectorBytes, VectorValue } from "../../../src/testing/vectors.js";
import { counting, toHex } from "../../support/hex.js";

/** Time, frame id, secrets and keys of the vectors of messages. */
export const NOW = 1_700_000_000.25;
export const ID = "018bcfe5-6800-7abc-8def-0123456789ab";
export const SECRETS = { 1: "clave secreta ñ 🔑", 2: { $hex: toHex(counting(32)) } } as const;
export const KEYS = {
  1: SigningKey.from(SECRETS[1]),
  2: SigningKey.from(counting(32), { id: "k1" }),
};

/** Maximum length in bytes of a pattern whose repetitions are written in short form. */
const LONGEST_PATTERN = 6;
const SHORTEST_RUN = 64;

/** Converts bytes to the notation of vectors, in which repetitions are short. */
export function notated(bytes: Uint8Array): VectorBytes {
  const parts: [string, number][] = [];
  let plainFrom = 0;
  let at = 0;
  const takePlain = () => {
    if (at > plainFrom) parts.push([toHex(bytes.subarray(plainFrom, at)), 1]);
  };
  while (at < bytes.length) {
    const { pattern, times } = repetitionAt(bytes, at);
    if (pattern * times < SHORTEST_RUN) {
      at += 1;
      continue;
    }
    takePlain();
    parts.push([toHex(bytes.subarray(at, at + pattern)), times]);
    at += pattern * times;
    plainFrom = at;
  }
  if (parts.length === 0) return toHex(bytes);
  takePlain();
  return parts;
}

function repetitionAt(bytes: Uint8Array, at: number): { pattern: number; times: number } {
  let best = { pattern: 1, times: 1 };
  for (let pattern = 1; pattern <= LONGEST_PATTERN; pattern++) {
    let end = at + pattern;
    while (end < bytes.length && bytes[end] === bytes[end - pattern]) end += 1;
    const times = Math.floor((end - at) / pattern);
    if (pattern * times > best.pattern * best.times) best = { pattern, times };
  }
  return best;
}

/** Converts a value to the notation of vectors. */
export function valued(value: unknown): VectorValue {
  if (value instanceof Uint8Array) return { $hex: notated(value) };
  if (Array.isArray(value)) return value.map(valued);
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { $float: (Object.is(value, -0) ? "-0" : String(value)) as "-0" };
  }
  // Strict JSON parsers reject an escaped lone surrogate.
  if (typeof value === "string" && /\p{Surrogate}/u.test(value)) {
    return { $utf16: toHex(new Uint8Array(Buffer.from(value, "utf16le").swap16())) };
  }
  if (typeof value !== "object" || value === null) return value as VectorValue;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, valued(inner)]));
}

export const errors = {
  malformed: { class: "DecodeError", code: "ERR_MALFORMED" },
  beyond: { class: "DecodeError", code: "ERR_BOUND_EXCEEDED" },
  verify: { class: "VerifyError", code: "ERR_VERIFY" },
  expired: { class: "FreshnessError", code: "ERR_EXPIRED" },
  fromFuture: { class: "FreshnessError", code: "ERR_FROM_FUTURE" },
  validation: { class: "ValidationError", code: "ERR_VALIDATION" },
  decrypt: { class: "DecryptError", code: "ERR_DECRYPT" },
  key: { class: "KeyError", code: "ERR_KEY" },
  entry: { class: "DeviceLogError", code: "ERR_DEVICE_LOG_INVALID" },
  fork: { class: "DeviceLogError", code: "ERR_DEVICE_LOG_FORK" },
  behind: { class: "DeviceLogError", code: "ERR_DEVICE_LOG_BEHIND" },
  history: { class: "HistoryError", code: "ERR_HISTORY_INVALID" },
  passphrase: { class: "KeyError", code: "ERR_WRONG_PASSPHRASE" },
} as const satisfies Record<string, InvalidVector["error"]>;

/** Makes the common fields of an invalid vector. The name is the reason by default. */
export function rejection(
  requirement: string,
  name: string,
  error: InvalidVector["error"],
  reason = name,
) {
  return { name, requirement, reason, error };
}

export function joined(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
}
