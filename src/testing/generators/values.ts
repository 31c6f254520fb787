import fc from "fast-check";
import type { Bytes } from "../../bytes.js";
import { SigningKey } from "../../envelope/signing-key.js";
import { MAX_UNIX_TIME } from "../../limits.js";
import { FORBIDDEN_KEYS } from "../../wire/scan.js";

/** Generates well-formed text with a length in code points. It may contain any character, including U+0000 and U+FEFF. */
export function text({
  minLength = 0,
  maxLength = 40,
}: {
  readonly minLength?: number;
  readonly maxLength?: number;
} = {}): fc.Arbitrary<string> {
  const bounds = { minLength, maxLength };
  return fc.oneof(
    fc.string({ unit: "binary", ...bounds }),
    fc.string({ unit: "grapheme-ascii", ...bounds }),
    fc.constantFrom("\u{FEFF}".repeat(Math.max(1, minLength))),
  );
}

/** Generates byte arrays of the given length, by default of 0 to 300 bytes. */
export function bytes(length?: number): fc.Arbitrary<Bytes> {
  return fc.uint8Array(
    length === undefined ? { maxLength: 300 } : { minLength: length, maxLength: length },
  );
}

/** Generates Unix times in seconds: recent times with milliseconds, whole seconds, and any time that a payload can have. */
export function unixTime(): fc.Arbitrary<number> {
  return fc.oneof(
    fc.integer({ min: 0, max: 2 ** 32 }).map((milliseconds) => 1.7e9 + milliseconds / 1000),
    fc.integer({ min: 0, max: MAX_UNIX_TIME }),
    fc.double({ min: 0, max: MAX_UNIX_TIME, noNaN: true }),
  );
}

/** Generates ids: integers from 1 to 2^53 − 1. */
export function id(): fc.Arbitrary<number> {
  return fc.oneof(
    fc.integer({ min: 1, max: 300 }),
    fc.maxSafeNat().map((n) => Math.max(1, n)),
  );
}

/** Generates counts: integers from 0 to 2^53 − 1. */
export function count(): fc.Arbitrary<number> {
  return fc.oneof(fc.nat(300), fc.maxSafeNat());
}

/** Generates client ids: UUIDs in lower case other than the nil UUID. */
export function clientId(): fc.Arbitrary<string> {
  return fc.uuid({ version: [1, 3, 4, 5, 7] });
}

/** Generates valid keys of maps. */
export function mapKey(): fc.Arbitrary<string> {
  return fc
    .oneof(text({ maxLength: 12 }), fc.nat().map(String), fc.constant("timestamp"))
    .filter((key) => !FORBIDDEN_KEYS.has(key));
}

/** Generates numbers: integers of every width, and finite floats. */
export function number(): fc.Arbitrary<number> {
  return fc.oneof(
    fc.integer({ min: -40, max: 300 }),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
}

/** A generated payload. */
export type GeneratedPayload = Record<string, unknown>;

/**
 * Generates payloads: nested maps and arrays within the limits of docs/PROTOCOL.md, section 2. Both wires decode to an equal
 * payload. With `bytes` payloads have byte arrays too, which wire 1 decodes as base64 text.
 *
 * ```ts
 * fc.assert(fc.property(payload(), (value) => new MessageProtocol({ type: "test", payload: value }).wire === 1));
 * ```
 */
export function payload({
  bytes: hasBytes = false,
}: {
  readonly bytes?: boolean;
} = {}): fc.Arbitrary<GeneratedPayload> {
  const leaf = fc.oneof(
    text(),
    text({ minLength: 200, maxLength: 300 }),
    number(),
    fc.boolean(),
    fc.constant(null),
    ...(hasBytes ? [bytes()] : []),
  );
  return fc.letrec<{ map: GeneratedPayload; value: unknown }>((tie) => ({
    map: fc.dictionary(mapKey(), tie("value"), { maxKeys: 8, noNullPrototype: true }),
    value: fc.oneof({ maxDepth: 4 }, leaf, tie("map"), fc.array(tie("value"), { maxLength: 8 })),
  })).map;
}

/** Generates secrets as text and as bytes. None is all zero, because SigningKey rejects such secrets. */
export function secret(): fc.Arbitrary<string | Uint8Array> {
  return fc.oneof(
    text({ minLength: 1 }).filter((characters) => /[^\0]/.test(characters)),
    fc.uint8Array({ minLength: 1, maxLength: 100 }).filter((one) => one.some((byte) => byte !== 0)),
  );
}

/** Generates signing keys, about half of them with an id. */
export function signingKey(): fc.Arbitrary<SigningKey> {
  const keyId = fc.oneof(fc.constant(""), text({ minLength: 1, maxLength: 16 }));
  return fc.tuple(secret(), keyId).map(([from, id]) => SigningKey.from(from, { id }));
}
