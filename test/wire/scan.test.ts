import { encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DecodeError } from "../../src/errors.js";
import { invalidPayloads } from "../../src/testing/invalid-payloads.js";
import { scan } from "../../src/wire/scan.js";
import { hex, toHex } from "../support/hex.js";
import { runs } from "../support/runs.js";

const rejected = (bytes: Uint8Array) => expect(() => scan(bytes)).toThrow(DecodeError);
const exceeded = (bytes: Uint8Array) =>
  expect(() => scan(bytes)).toThrow(expect.objectContaining({ code: "ERR_BOUND_EXCEEDED" }));
const failsWith = (bytes: Uint8Array, what: string) => expect(() => scan(bytes)).toThrow(what);
const accepted = (bytes: Uint8Array) => expect(() => scan(bytes)).not.toThrow();

const nested = (depth: number) => hex(`${"91".repeat(depth - 1)}90`);
const arrayOf = (count: number) => encode(Array(count).fill(null));

describe("scan", () => {
  it("returns the offsets of a map's children, and of its end", () => {
    expect(scan(hex("82 a161 01 a162 92 02 03"))).toEqual([1, 3, 4, 6, 9]);
  });

  it("returns the offsets of an array's elements, and of its end", () => {
    expect(scan(hex("93 01 a3616263 81 a161 c0"))).toEqual([1, 2, 6, 10]);
  });

  it("returns only the end for a value without children", () => {
    expect(scan(hex("c0"))).toEqual([1]);
  });

  it("accepts all values of the reference encoder within the limits", () => {
    const value = fc.anything({
      key: fc
        .string({ unit: "binary" })
        .filter((key) => !/^(__proto__|constructor|prototype|timestamp)$/.test(key)),
      values: [
        fc.string({ unit: "binary" }),
        fc.maxSafeInteger(),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
        fc.uint8Array(),
      ],
      maxDepth: 5,
    });
    fc.assert(
      fc.property(value, (anything) => {
        accepted(encode(anything));
      }),
      { numRuns: runs(2000) },
    );
  });

  it("throws only DecodeError on arbitrary bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          scan(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: runs(5000) },
    );
  });
});

describe("the limits of scan", () => {
  it("accept 16 nested containers, and no more", () => {
    accepted(nested(16));
    exceeded(nested(17));
    exceeded(hex("91".repeat(180_000)));
  });

  it("do not count siblings as nesting", () => {
    accepted(encode(Array(100).fill([])));
    accepted(encode(Array(100).fill({})));
  });

  it("count the enclosing containers as nesting", () => {
    expect(() => scan(nested(15), { nesting: 1 })).not.toThrow();
    expect(() => scan(nested(16), { nesting: 1 })).toThrow(DecodeError);
  });

  it("accept 65,536 elements over all containers, and no more", () => {
    accepted(arrayOf(65_536));
    exceeded(arrayOf(65_537));
    accepted(encode([Array(32_767).fill(1), Array(32_767).fill(1)]));
    exceeded(encode([Array(32_767).fill(1), Array(32_768).fill(1)]));
  });

  it("count the enclosing elements", () => {
    expect(() => scan(arrayOf(65_532), { elements: 4 })).not.toThrow();
    expect(() => scan(arrayOf(65_533), { elements: 4 })).toThrow(DecodeError);
  });

  it.each(["dd ffffffff", "df ffffffff", "dd 00010000", "df 00010000", "dc ffff", "de ffff"])(
    "reject a declared size that the bytes cannot have: %s",
    (head) => rejected(hex(head + "00".repeat(35))),
  );

  it("reject a declared size at its head, before the elements are read", () => {
    failsWith(hex("93 c0 c0"), "at byte 1: the frame ends too early");
    accepted(hex("92 c0 c0"));
    failsWith(hex("82 a161 c0"), "at byte 1: the frame ends too early");
    accepted(hex("82 a0 c0 a161 c0"));
    failsWith(hex("83 a0 c0 a161 c0"), "at byte 1: the frame ends too early");
  });

  it.each(["c6 ffffffff", "db ffffffff", "c5 ffff", "da ffff", "c4 ff", "d9 ff", "bf"])(
    "reject a declared length that the bytes cannot have: %s",
    (head) => rejected(hex(head + "00".repeat(20))),
  );

  it("reject a declared length at its head", () => {
    for (const head of ["c4 04", "d9 04", "ca", "ce"])
      failsWith(
        hex(`92 ${head} 000000`),
        `at byte ${hex(head).length + 1}: the frame ends too early`,
      );
  });

  it("accept integers from −(2^53 − 1) to 2^53 − 1", () => {
    accepted(hex("cf 001fffffffffffff"));
    accepted(hex("d3 ffe0000000000001"));
    accepted(hex("d3 001fffffffffffff"));
  });
});

describe("scan, for valid values,", () => {
  const letters = Array.from({ length: 15 }, (_, at) => (0x61 + at).toString(16));
  it.each([
    "00",
    "7f",
    "e0",
    "ff",
    "80",
    `8f ${letters.map((letter) => `a1${letter}c0`).join("")}`,
    "90",
    `9f ${"c0".repeat(15)}`,
    "a0",
    `bf ${"61".repeat(31)}`,
    "c0",
    "c2",
    "c3",
    "c4 00",
    "c5 0000",
    "c6 00000000",
    "ca 00000000",
    "cb 0000000000000000",
    "cc 00",
    "cd 0000",
    "ce 00000000",
    "cf 0000000000000000",
    "d0 00",
    "d1 0000",
    "d2 00000000",
    "d3 0000000000000000",
    "d9 00",
    "da 0000",
    "db 00000000",
    "dc 0000",
    "dd 00000000",
    "de 0000",
    "df 00000000",
  ])("accepts %s, but not truncated or with another byte", (value) => {
    const bytes = hex(value);
    accepted(bytes);
    rejected(Uint8Array.of(...bytes, 0xc0));
    rejected(bytes.subarray(0, -1));
  });

  it.each(["a0", `bf${"61".repeat(31)}`, "d900", "d90161", "da000161", "db0000000161"])(
    "accepts the key %s",
    (key) => accepted(hex(`81 ${key} c0`)),
  );

  it("accepts keys that are prefixes of each other", () => {
    accepted(hex("82 a161 c0 a26162 c0"));
    accepted(hex("82 a26162 c0 a161 c0"));
  });
});

describe("scan, for malformed values,", () => {
  it("rejects empty input", () => rejected(hex("")));
  it("rejects a map that ends before a key, as truncated", () =>
    failsWith(hex("82 a0 a3616263"), "the frame ends too early"));
  it("rejects bytes after the end", () => rejected(hex("c0 c0")));
  it.each(
    invalidPayloads.flatMap(({ name, code, value }) =>
      value === undefined ? [] : [[name, code, value] as const],
    ),
  )("rejects %s", (_, code, value) => {
    const inAnArray = Uint8Array.of(0x81, 0xa1, 0x61, 0x91, ...value);
    for (const bytes of [value, inAnArray])
      expect(() => scan(bytes)).toThrow(expect.objectContaining({ name: "DecodeError", code }));
  });
  it("accepts forbidden keys that are values, and keys of other maps", () => {
    for (const key of ["__proto__", "constructor", "prototype"]) accepted(encode([key]));
    accepted(hex("82 a161 01 a162 81 a161 02"));
  });
  it("rejects a duplicate key in a large map", () => {
    const keys = Array.from({ length: 100 }, (_, at) => `key ${at}`);
    const map = encode(Object.fromEntries(keys.map((key) => [key, null])));
    accepted(map);
    const [renamed, last] = [toHex(map), toHex(new TextEncoder().encode("key 99"))];
    rejected(hex(renamed.replace(last, `${last.slice(0, -2)}38`)));
  });
  it("accepts a key that differs by a leading U+FEFF", () =>
    accepted(hex("82 a161 01 a4efbbbf61 02")));
  it.each([
    "a2c280",
    "a2dfbf",
    "a3e0a080",
    "a3ed9fbf",
    "a3ee8080",
    "a3efbfbf",
    "a4f0908080",
    "a4f48fbfbf",
    "a100",
  ])("accepts text at the limits of UTF-8: %s", (bytes) => accepted(hex(bytes)));
  it("accepts numbers that are not finite under other keys", () => {
    for (const float of ["cb 7ff0000000000000", "cb 7ff8000000000000", "ca ff800000"])
      accepted(hex(`81 a161 ${float}`));
  });
  it("accepts a timestamp that is finite, or not a float", () => {
    accepted(hex("81 a9 74696d657374616d70 cb 7fefffffffffffff"));
    accepted(hex("81 a9 74696d657374616d70 ca 7f7fffff"));
    accepted(hex("81 a9 74696d657374616d70 ce 7ff00000"));
  });
  it("rejects every truncation of a frame", () => {
    const frame = encode({
      a: [1, 2.5, "text", { b: new Uint8Array(300), c: "x".repeat(300) }],
      d: 2 ** 40,
    });
    for (let length = 0; length < frame.length; length++) rejected(frame.subarray(0, length));
  });
});
