import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import * as native from "#native";
import * as portable from "../src/bytes.js";
import { toHex } from "./support/hex.js";

describe.each([
  ["of this platform", native],
  ["in JavaScript", portable],
])("base64 %s", (_, { decodeBase64, encodeBase64 }) => {
  it("is what the platform makes of all bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = encodeBase64(bytes);
        expect(text).toBe(btoa(String.fromCharCode(...bytes)));
        expect(decodeBase64(text)).toEqual(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it("has one form", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."AQgw+/=-_ \n"), maxLength: 9 }), (text) => {
        const bytes = decodeBase64(text);
        if (bytes !== undefined) expect(encodeBase64(bytes)).toBe(text);
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    "A",
    "AA",
    "AAA",
    "AA=",
    "A===",
    "=",
    "====",
    "AA==AA==",
    "AB==",
    "AAB=",
    "AA= =",
    " AAA",
    "AAA\n",
    "AA-_",
    "AAAĀ",
    "AAA\0",
    "ＡAAA",
  ])("does not take %j", (text) => expect(decodeBase64(text)).toBeUndefined());

  it.each([
    ["", []],
    ["AA==", [0]],
    ["AAA=", [0, 0]],
    ["AAAA", [0, 0, 0]],
    ["/+8=", [255, 239]],
  ])("takes %j", (text, bytes) => expect(decodeBase64(text)).toEqual(Uint8Array.from(bytes)));
});

describe("hexadecimal text", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(portable.encodeHex(bytes)).toBe(toHex(bytes));
        expect(portable.decodeHex(portable.encodeHex(bytes))).toEqual(bytes);
      }),
    );
  });
  it.each(["0", "0g", "AA", " 0", "0x", "00\n"])("is not %j", (text) => {
    expect(portable.decodeHex(text)).toBeUndefined();
  });
});

describe("UTF-8", () => {
  it("is what a strict TextDecoder takes", () => {
    const byte = fc.oneof(
      fc.nat(255),
      fc.constantFrom(0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0x80, 0x9f, 0xa0, 0xbf),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 8 }), (values) => {
        const bytes = Uint8Array.from(values);
        const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
        let expected: string | undefined;
        try {
          expected = strict.decode(bytes);
        } catch {
          expected = undefined;
        }
        expect(portable.isUtf8(bytes, 0, bytes.length)).toBe(expected !== undefined);
        if (expected !== undefined) expect(portable.decodeUtf8(bytes)).toBe(expected);
      }),
      { numRuns: 20_000 },
    );
  });

  it("is what a TextDecoder takes at the ends of what bytes may be", () => {
    // One that replaces what is no text: none of these bytes are U+FFFD themselves, and to throw costs more.
    const lenient = new TextDecoder();
    const isText = (bytes: Uint8Array) => !lenient.decode(bytes).includes("\ufffd");
    const ends = [0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0];
    const wrong: string[] = [];
    for (let lead = 0; lead < 256; lead++) {
      for (const second of ends) {
        for (const third of ends) {
          for (const fourth of ends) {
            const bytes = Uint8Array.of(lead, second, third, fourth);
            for (let end = 0; end <= 4; end++) {
              const text = bytes.subarray(0, end);
              if (portable.isUtf8(bytes, 0, end) !== isText(text)) wrong.push(toHex(text));
            }
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  const texts = [
    ["", true],
    ["hola", true],
    ["🔑", true],
    ["\ud83d", false],
    ["\udd11", false],
    ["\udd11\ud83d", false],
    ["a\ud800b", false],
  ] as const;

  it.each(texts)("has bytes for %j: %s", (text, isWellFormed) => {
    expect(portable.isWellFormed(text)).toBe(isWellFormed);
  });

  it("has bytes for the same texts in an engine that does not tell", async () => {
    const native = Object.getOwnPropertyDescriptor(String.prototype, "isWellFormed");
    Reflect.deleteProperty(String.prototype, "isWellFormed");
    vi.resetModules();
    const { isWellFormed } = await import("../src/bytes.js");
    if (native) Object.defineProperty(String.prototype, "isWellFormed", native);
    for (const [text, expected] of texts) expect(isWellFormed(text), text).toBe(expected);
  });
});

describe("comparison in constant time", () => {
  it("is equality of bytes", () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(portable.equalConstantTime(a, b)).toBe(toHex(a) === toHex(b));
        expect(portable.equalConstantTime(a, a.slice())).toBe(true);
      }),
    );
    const [short, long] = [Uint8Array.of(1), Uint8Array.of(1, 0)];
    expect(portable.equalConstantTime(short, long)).toBe(false);
    expect(portable.equalConstantTime(long, short)).toBe(false);
  });
});

describe("a UUID", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        expect(portable.decodeUuid(portable.encodeUuid(bytes))).toEqual(bytes);
      }),
    );
  });
  it.each([
    "",
    "018bcfe5687b7abc8def0123456789ab",
    "018BCFE5-687B-7ABC-8DEF-0123456789AB",
    "{018bcfe5-687b-7abc-8def-0123456789ab}",
    "0018bcfe5-687b-7abc-8def-0123456789ab",
    "018bcfe5-687b-7abc-8def-0123456789ab0",
    "018bcfe5-687b-7abc-8def-0123456789ab\n",
    7,
    null,
  ])("is not %j", (value) => expect(portable.decodeUuid(value)).toBeUndefined());
});
