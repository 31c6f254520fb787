import { describe, expect, it } from "vitest";
import { decode } from "../../src/wire/decode.js";
import { written } from "../../src/wire/encode.js";
import { scan } from "../../src/wire/scan.js";

/** Encodes and decodes a map with each key in order, and returns the decoded keys. */
function keysOf(...keys: string[]): string[] {
  return keys.flatMap((key) => {
    const bytes = written((writer) => writer.payload({ [key]: 1 }, "bin"));
    scan(bytes);
    return Object.keys(decode(bytes, 0) as object);
  });
}

const numbers = (count: number) => Array.from({ length: count }, (_, at) => at);

describe("decode", () => {
  it.each([15, 16])("reads a map and an array of %i elements", (count) => {
    const map = Object.fromEntries(numbers(count).map((at) => [`key ${at}`, at]));
    for (const a of [map, numbers(count)]) {
      const bytes = written((writer) => writer.payload({ a }, "bin"));
      expect(decode(bytes, 0)).toEqual({ a });
    }
  });

  it.each([0, 1, 31, 32, 255, 256, 65_535, 65_536])(
    "reads a key of %i bytes, and the value after it",
    (length) => {
      const key = "k".repeat(length);
      expect(keysOf(key)).toEqual([key]);
      const bytes = written((writer) => writer.payload({ [key]: { [key]: "é" } }, "bin"));
      expect(decode(bytes, 0)).toEqual({ [key]: { [key]: "é" } });
    },
  );
});

describe("decodeKey, after another key in the same cache slot", () => {
  it.each([
    ["is a prefix of the cached key", "abC", "ab"],
    ["starts with the cached key", "ab", "abC"],
    ["has the same length, first byte and last byte", "abcd", "acbd"],
    ["is empty", "a", ""],
    // Its UTF-8 bytes equal the char codes of the cached key.
    [
      "has UTF-8 bytes equal to the cached key's characters",
      "\u00e2\u0082\u00ac\u00c3\u00a9\u00c3\u00a9",
      "€éé",
    ],
  ])("decodes a key that %s", (_, before, key) => {
    expect(keysOf(before, key, before, key)).toEqual([before, key, before, key]);
  });
});
