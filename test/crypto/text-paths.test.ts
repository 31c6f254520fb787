import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import * as native from "#native";
import * as inJavaScript from "../../src/bytes.js";
import { deflateInStream } from "../../src/crypto/deflate.js";
import { inflate } from "../../src/crypto/inflate.js";
import { counting, toHex } from "../support/hex.js";
import { runs } from "../support/runs.js";

const paths = Object.entries({ native, "in JavaScript": inJavaScript });

/** Lengths below and above the one from which Buffer is used. */
const bytes = fc.uint8Array({ maxLength: 120, size: "max" });

const binary = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Decodes canonical base64 with the platform's functions: the decoded bytes must encode to the same text. */
function decodedByPlatform(text: string): Uint8Array | undefined {
  try {
    const decoded = atob(text);
    return btoa(decoded) === text ? binary(decoded) : undefined;
  } catch {
    return undefined;
  }
}

describe.each(paths)("base64 %s", (_, { decodeBase64, encodeBase64 }) => {
  it("encodes like the platform, and decodes into an array that owns its buffer", () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const text = encodeBase64(value);
        expect(text).toBe(btoa(String.fromCharCode(...value)));
        const decoded = decodeBase64(text)!;
        expect(toHex(decoded)).toBe(toHex(value));
        expect(decoded.constructor).toBe(Uint8Array);
        expect(decoded.buffer.byteLength).toBe(value.length);
      }),
      { numRuns: runs(1000) },
    );
  });

  it("rejects text that is not canonical", () => {
    const foreign = fc.constantFrom(..."-_=+/ABab01 \n\t\0é€😀", "\u0141", "\u{1f100}");
    const change = fc.record({ at: fc.nat(170), removed: fc.nat(4), put: foreign });
    const texts = fc.oneof(
      fc.array(foreign, { maxLength: 100 }).map((parts) => parts.join("")),
      fc.tuple(bytes, change).map(([value, { at, removed, put }]) => {
        const text = btoa(String.fromCharCode(...value));
        return text.slice(0, at) + put + text.slice(at + removed);
      }),
    );
    let accepted = 0;
    fc.assert(
      fc.property(texts, (text) => {
        const decoded = decodeBase64(text);
        expect(decoded && toHex(decoded)).toBe(maybeHex(decodedByPlatform(text)));
        if (decoded) accepted += 1;
      }),
      { numRuns: runs(10_000) },
    );
    expect(accepted).toBeGreaterThan(runs(100));
  });

  it.each([0, 100])("rejects every invalid last group, after %i digits", (length) => {
    const before = "A".repeat(length);
    for (const last of ["AA==", "AB==", "AP==", "AQ==", "AAA=", "AAB=", "AAE=", "A===", "===="]) {
      const text = before + last;
      expect(maybeHex(decodeBase64(text)), text).toBe(maybeHex(decodedByPlatform(text)));
    }
  });
});

describe.each(paths)("UTF-8 %s", (_, { isUtf8 }) => {
  it("accepts and rejects the same bytes as TextDecoder", () => {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const text = fc
      .string({ maxLength: 60, unit: "binary" })
      .map((value) => new TextEncoder().encode(value));
    const byte = fc.oneof(
      fc.constantFrom(0x7f, 0x80, 0xbf, 0xc0, 0xe0, 0xed, 0xa0, 0xf0, 0xf4, 0xff),
      fc.nat(255),
    );
    const input = fc.record({ text, at: fc.nat(200), put: fc.option(byte), before: fc.nat(70) });
    let rejected = 0;
    fc.assert(
      fc.property(input, ({ text, at, put, before }) => {
        const value = text.slice();
        if (put !== null && at < value.length) value[at] = put;
        // The bytes outside the offsets are not UTF-8, and must be ignored.
        const whole = new Uint8Array(before + value.length + 1).fill(0xff);
        whole.set(value, before);
        const expected = succeeds(() => decoder.decode(value));
        expect(isUtf8(whole, before, before + value.length)).toBe(expected);
        if (!expected) rejected += 1;
      }),
      { numRuns: runs(10_000) },
    );
    expect(rejected).toBeGreaterThan(runs(500));
  });
});

describe.each([
  ["native", native.deflate],
  ["in a stream", deflateInStream],
])("raw deflate %s", (_, deflate) => {
  it.each([512, 32_767, 32_768, 200_000])("round-trips %i bytes", async (length) => {
    const value = Uint8Array.from({ length }, (_, at) => (at * at) % 251);
    const deflated = (await deflate(value))!;
    expect(deflated.length).toBeLessThan(length);
    expect(toHex(inflate(deflated, length)!)).toBe(toHex(value));
  });
});

it("deflateInStream returns undefined without CompressionStream", async () => {
  vi.stubGlobal("CompressionStream", undefined);
  expect(await deflateInStream(counting(600))).toBeUndefined();
  vi.unstubAllGlobals();
});

function maybeHex(value: Uint8Array | undefined): string | undefined {
  return value && toHex(value);
}

function succeeds(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
