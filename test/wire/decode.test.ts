import { describe, expect, it } from "vitest";
import { decode } from "../../src/wire/decode.js";
import { written } from "../../src/wire/encode.js";
import { scan } from "../../src/wire/scan.js";

/** The keys of maps that are decoded one after the other. */
function keysOf(...keys: string[]): string[] {
  return keys.flatMap((key) => {
    const bytes = written((writer) => writer.payload({ [key]: 1 }, "bin"));
    scan(bytes);
    return Object.keys(decode(bytes, 0) as object);
  });
}

const numbers = (count: number) => Array.from({ length: count }, (_, at) => at);

describe("the decoder reads back", () => {
  it.each([15, 16])("a map and an array of %i", (count) => {
    const map = Object.fromEntries(numbers(count).map((at) => [`key ${at}`, at]));
    for (const a of [map, numbers(count)]) {
      const bytes = written((writer) => writer.payload({ a }, "bin"));
      expect(decode(bytes, 0)).toEqual({ a });
    }
  });

  it.each([0, 1, 31, 32, 255, 256, 65_535, 65_536])(
    "a key of %i bytes, and what follows it",
    (length) => {
      const key = "k".repeat(length);
      expect(keysOf(key)).toEqual([key]);
      const bytes = written((writer) => writer.payload({ [key]: { [key]: "é" } }, "bin"));
      expect(decode(bytes, 0)).toEqual({ [key]: { [key]: "é" } });
    },
  );
});

describe("a key that comes after another which is kept in the same place", () => {
  it.each([
    ["is shorter, and how the other begins", "abC", "ab"],
    ["is longer, and begins as the other", "ab", "abC"],
    ["has the other's length, beginning and end", "abcd", "acbd"],
    ["is empty", "a", ""],
    // In UTF-8 its bytes are the other's characters.
    ["looks like the other, misread", "\u00e2\u0082\u00ac\u00c3\u00a9\u00c3\u00a9", "€éé"],
  ])("is told apart where it %s", (_, before, key) => {
    expect(keysOf(before, key, before, key)).toEqual([before, key, before, key]);
  });
});
