import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import * as native from "#native";
import * as portable from "../src/bytes.js";
import { detach, MisleadingBytes, resizableBuffer } from "./support/byte-arrays.js";
import { asBuffer, hex, toHex, utf8 } from "./support/hex.js";
import { runs } from "./support/runs.js";

describe.each([
  ["of this platform", native],
  ["in JavaScript", portable],
])("base64 %s", (_, { decodeBase64, encodeBase64 }) => {
  it("encodes and decodes all bytes like the platform", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = encodeBase64(bytes);
        expect(text).toBe(btoa(String.fromCharCode(...bytes)));
        expect(decodeBase64(text)).toEqual(bytes);
      }),
      { numRuns: runs(2000) },
    );
  });

  it("accepts the canonical form only", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."AQgw+/=-_ \n"), maxLength: 9 }), (text) => {
        const bytes = decodeBase64(text);
        if (bytes !== undefined) expect(encodeBase64(bytes)).toBe(text);
      }),
      { numRuns: runs(5000) },
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
    "AE==",
    "AI==",
    "AAB=",
    "AAC=",
    "AA= =",
    " AAA",
    "AAA\n",
    "AA-_",
    "AAAĀ",
    "AAA\0",
    "ＡAAA",
  ])("rejects %j", (text) => expect(decodeBase64(text)).toBeUndefined());

  it.each([
    ["", []],
    ["AA==", [0]],
    ["AAA=", [0, 0]],
    ["AAAA", [0, 0, 0]],
    ["/+8=", [255, 239]],
  ])("accepts %j", (text, bytes) => expect(decodeBase64(text)).toEqual(Uint8Array.from(bytes)));
});

describe("hexadecimal text", () => {
  it("round-trips", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(portable.encodeHex(bytes)).toBe(toHex(bytes));
        expect(portable.decodeHex(portable.encodeHex(bytes))).toEqual(bytes);
      }),
    );
  });
  it.each(["0", "0g", "AA", " 0", "0x", "00\n"])("rejects %j", (text) => {
    expect(portable.decodeHex(text)).toBeUndefined();
  });
});

describe("UTF-8", () => {
  it("accepts the same bytes as a strict TextDecoder", () => {
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
      { numRuns: runs(20_000) },
    );
  });

  it("accepts the same bytes as TextDecoder at the limits of each range", () => {
    // A decoder that replaces invalid bytes is faster than one that throws. None of these bytes encode U+FFFD.
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

  it("rejects an invalid byte at any offset in ASCII", () => {
    const ascii = new Uint8Array(16).fill(0x7f);
    expect(portable.isUtf8(ascii, 0, 16)).toBe(true);
    for (let at = 0; at < 16; at++) {
      expect(portable.isUtf8(ascii.with(at, 0x80), 0, 16), `at ${at}`).toBe(false);
    }
  });

  it("ignores the bytes outside the offsets", () => {
    const bytes = hex("ff c3b1 31323334353637 ff");
    for (let end = 1; end <= 10; end++) {
      expect(portable.isUtf8(bytes, 1, end), `to ${end}`).toBe(end !== 2);
    }
    expect(portable.isUtf8(bytes, 2, 10)).toBe(false);
    expect(portable.isUtf8(bytes, 1, 11)).toBe(false);
    expect(portable.decodeUtf8(bytes, 1, 10)).toBe("ñ1234567");
  });

  it.each([0, 1, 21, 22, 23, 24, 100])(
    "decodes or rejects a character after %i letters",
    (length) => {
      const text = `\ufeff${"x".repeat(length)}`;
      expect(portable.decodeUtf8(utf8(text))).toBe(text);
      expect(portable.decodeUtf8(utf8("x".repeat(length)))).toBe("x".repeat(length));
      expect(() => portable.decodeUtf8(Uint8Array.of(...utf8(text), 0x80))).toThrow(TypeError);
    },
  );

  it.each([
    ["x".repeat(64), "x"],
    ["ñ".repeat(32), "x"],
    [`${"€".repeat(21)}x`, "x"],
    ["€".repeat(20), "ñ€"],
    ["🔑".repeat(16), "x"],
  ])("fits %s in 64 bytes, and rejects one character more", (text, more) => {
    expect(portable.fitsInUtf8(text, 64)).toBe(true);
    expect(portable.fitsInUtf8(text + more, 64)).toBe(false);
  });

  it("is written to the start of a longer array", () => {
    const target = new Uint8Array(4).fill(0xff);
    portable.encodeUtf8Into("ñ!", target);
    expect(toHex(target)).toBe("c3b121ff");
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

  it.each(texts)("reports whether %j is well-formed: %s", (text, isWellFormed) => {
    expect(portable.isWellFormed(text)).toBe(isWellFormed);
  });

  it("reports the same without String.prototype.isWellFormed", async () => {
    const native = Object.getOwnPropertyDescriptor(String.prototype, "isWellFormed");
    Reflect.deleteProperty(String.prototype, "isWellFormed");
    vi.resetModules();
    const { isWellFormed } = await import("../src/bytes.js");
    if (native) Object.defineProperty(String.prototype, "isWellFormed", native);
    for (const [text, expected] of texts) expect(isWellFormed(text), text).toBe(expected);
  });
});

describe("byte helpers", () => {
  it("concatenate arrays in order", () => {
    expect(portable.concat()).toEqual(new Uint8Array());
    const parts = [Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3), Uint8Array.of(4, 5)];
    expect(portable.concat(...parts)).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
  });

  it("read big-endian numbers at any offset", () => {
    const floats = hex("ff 3fc00000 ff 3ff8000000000001 ff");
    expect(portable.readFloat(floats, 1, 4)).toBe(1.5);
    expect(portable.readFloat(floats, 6, 8)).toBe(1.5 + Number.EPSILON);
    expect(portable.readFloat(floats, 1, 4)).toBe(1.5);
    const integers = hex("ff fedcba98 ff");
    expect(portable.readUint(integers, 1, 1)).toBe(0xfe);
    expect(portable.readUint(integers, 1, 2)).toBe(0xfedc);
    expect(portable.readUint(integers, 1, 4)).toBe(0xfedc_ba98);
  });

  it("recognise a Uint8Array only", () => {
    for (const bytes of [new Uint8Array(), asBuffer(Uint8Array.of(1))]) {
      expect(portable.isBytes(bytes)).toBe(true);
    }
    const named = { [Symbol.toStringTag]: "Uint8Array" };
    const like = Object.create(Uint8Array.prototype);
    const others = [new Uint8ClampedArray(1), new Uint16Array(1), new ArrayBuffer(1), named, like];
    for (const other of [...others, [1], {}, "text", 1, null, undefined]) {
      expect(portable.isBytes(other)).toBe(false);
    }
  });
});

describe("equalConstantTime", () => {
  it("compares bytes", () => {
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

describe("isBytes, lengthOf and copyOfBytes", () => {
  it("reject a detached array", () => {
    const bytes = new Uint8Array(4);
    detach(bytes);
    expect(portable.isBytes(bytes)).toBe(false);
    expect(portable.copyOfBytes(bytes)).toBeUndefined();
    expect(portable.isBytes(new Uint8Array())).toBe(true);
  });

  it("accept an array at the end of a resized buffer, but not past it", () => {
    const buffer = resizableBuffer(8);
    const [tracking, fixed] = [new Uint8Array(buffer, 4), new Uint8Array(buffer, 4, 2)];
    buffer.resize(4);
    expect([tracking, fixed].map(portable.isBytes)).toEqual([true, false]);
    buffer.resize(3);
    expect([tracking, fixed].map(portable.isBytes)).toEqual([false, false]);
  });

  it("ignore the overridden members of a subclass", () => {
    const misleading = MisleadingBytes.holding(1, 2, 3);
    expect(portable.lengthOf(misleading)).toBe(3);
    expect(portable.copyOfBytes(misleading)).toEqual(Uint8Array.of(1, 2, 3));
    expect(portable.copyOfBytes(new Proxy(misleading, {}))).toBeUndefined();
  });
});

describe("UUIDs", () => {
  it("round-trips", () => {
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
    "00018bcfe5-687b-7abc-8def-0123456789ab",
    "018bcfe5-687b-7abc-8def-0123456789ab00",
    "018bcfe5-687b-7abc-8def-0123456789ab\n",
    ["018bcfe5-687b-7abc-8def-0123456789ab"],
    7,
    null,
  ])("rejects %j", (value) => expect(portable.decodeUuid(value)).toBeUndefined());
  it("are client ids, except the nil UUID", () => {
    const id = "018bcfe5-687b-7abc-8def-0123456789ab";
    expect(portable.isClientId(id)).toBe(true);
    for (const other of ["00000000-0000-0000-0000-000000000000", id.toUpperCase(), [id], "", 7]) {
      expect(portable.isClientId(other)).toBe(false);
    }
  });
});
