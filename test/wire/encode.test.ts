import { Encoder } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ValidationError } from "../../src/errors.js";
import { decode } from "../../src/wire/decode.js";
import { type BytesForm, written } from "../../src/wire/encode.js";
import { scan } from "../../src/wire/scan.js";
import { detach, MisleadingBytes, resizableBuffer } from "../support/byte-arrays.js";
import { asBuffer, toHex } from "../support/hex.js";
import { runs } from "../support/runs.js";

const encode = (map: Record<string, unknown>, form: BytesForm = "bin") =>
  written((writer) => writer.payload(map, form));
const encoded = (value: unknown, form: BytesForm = "bin") =>
  toHex(encode({ a: value }, form)).slice(6);
const issueOf = (map: Record<string, unknown>) => {
  try {
    encode(map);
  } catch (error) {
    if (error instanceof ValidationError) return error.issues[0];
    throw error;
  }
  return undefined;
};
const nested = (depth: number): Record<string, unknown> =>
  depth === 1 ? {} : { a: nested(depth - 1) };

const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.maxSafeInteger(),
    fc.integer({ min: -70_000, max: 70_000 }),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(
      fc
        .string()
        .filter((key) => !["__proto__", "constructor", "prototype", "timestamp"].includes(key)),
      tie("value"),
      { maxKeys: 20, noNullPrototype: true },
    ),
  ),
})).value;

describe("Writer", () => {
  it("writes the bytes of the reference encoder", () => {
    const reference = new Encoder({ ignoreUndefined: true });
    fc.assert(
      fc.property(value, (anything) => {
        const isIntegralFloat = (number: unknown) =>
          typeof number === "number" &&
          Number.isInteger(number) &&
          (!Number.isSafeInteger(number) || Object.is(number, -0));
        fc.pre(
          !JSON.stringify(anything, (_, inner) =>
            isIntegralFloat(inner) ? "float" : inner,
          ).includes('"float"'),
        );
        expect(toHex(encode({ a: anything }))).toBe(toHex(reference.encode({ a: anything })));
      }),
      { numRuns: runs(2000) },
    );
  });

  it("writes what scan accepts and decode reads back", () => {
    fc.assert(
      fc.property(value, (anything) => {
        const bytes = encode({ a: anything });
        scan(bytes);
        expect(decode(bytes, 0)).toEqual({ a: anything });
      }),
      { numRuns: runs(2000) },
    );
  });

  it.each([
    [0, "00"],
    [127, "7f"],
    [128, "cc80"],
    [255, "ccff"],
    [256, "cd0100"],
    [65_535, "cdffff"],
    [65_536, "ce00010000"],
    [2 ** 32 - 1, "ceffffffff"],
    [2 ** 32, "cf0000000100000000"],
    [Number.MAX_SAFE_INTEGER, "cf001fffffffffffff"],
    [-1, "ff"],
    [-32, "e0"],
    [-33, "d0df"],
    [-128, "d080"],
    [-129, "d1ff7f"],
    [-32_768, "d18000"],
    [-32_769, "d2ffff7fff"],
    [-(2 ** 31), "d280000000"],
    [-(2 ** 31) - 1, "d3ffffffff7fffffff"],
    [Number.MIN_SAFE_INTEGER, "d3ffe0000000000001"],
  ])("writes the integer %i in its shortest form", (integer, bytes) => {
    expect(encoded(integer)).toBe(bytes);
  });

  it("writes a number that is not a safe integer as float64", () => {
    expect(encoded(1.5)).toBe("cb3ff8000000000000");
    expect(encoded(-0)).toBe("cb8000000000000000");
    expect(encoded(2 ** 53)).toBe("cb4340000000000000");
    expect(encoded(1e300)).toBe("cb7e37e43c8800759c");
    expect(encoded(Number.POSITIVE_INFINITY)).toBe("cb7ff0000000000000");
  });

  it("writes a number under `timestamp` as float64 at any depth", () => {
    const float = "a974696d657374616d70cb41d954fc40000000";
    expect(toHex(encode({ timestamp: 1_700_000_000 }))).toBe(`81${float}`);
    expect(toHex(encode({ a: [{ timestamp: 1_700_000_000 }] }))).toBe(`81a1619181${float}`);
    expect(toHex(encode({ timestamp: null }))).toBe("81a974696d657374616d70c0");
  });

  it.each([31, 32, 40, 41, 255, 256, 65_535, 65_536])(
    "writes text of %i bytes with the shortest head",
    (length) => {
      const text = "x".repeat(length);
      const wide = `${"x".repeat(length - 2)}é`;
      const reference = new Encoder();
      expect(encode({ a: text })).toEqual(reference.encode({ a: text }));
      expect(encode({ a: wide })).toEqual(reference.encode({ a: wide }));
    },
  );

  it.each([0, 15, 16, 255, 256, 32_000])(
    "writes arrays and maps of %i elements with the shortest head",
    (length) => {
      const reference = new Encoder();
      const array = Array(length).fill(1);
      const map = Object.fromEntries(array.entries());
      expect(encode({ a: array })).toEqual(reference.encode({ a: array }));
      expect(encode({ a: map })).toEqual(reference.encode({ a: map }));
    },
  );

  it("writes bytes as bin or as base64 text", () => {
    expect(encoded(Uint8Array.of(1, 2))).toBe("c4020102");
    expect(encoded(Uint8Array.of(1, 2), "base64")).toBe("a441514935".replace("35", "3d"));
    expect(encoded(asBuffer(Uint8Array.of(1, 2)))).toBe("c4020102");
  });

  it("leaves out undefined values", () => {
    expect(toHex(encode({ a: undefined, b: 1 }))).toBe("81a16201");
  });

  it("keeps U+FEFF", () => {
    const text = `\ufeff${"x".repeat(300)}`;
    expect(decode(encode({ a: text }), 0)).toEqual({ a: text });
  });

  it("writes an object without a prototype", () => {
    expect(encoded(Object.assign(Object.create(null), { b: 1 }))).toBe("81a16201");
  });

  it("gives each result a buffer of its own", () => {
    const first = encode({ a: 1 });
    const second = encode({ a: 2 });
    expect(first.buffer.byteLength).toBe(first.length);
    expect(first.buffer).not.toBe(second.buffer);
    expect(toHex(first)).toBe("81a16101");
  });

  it("can be used by a getter of the encoded payload", () => {
    const inner = {
      get a() {
        return toHex(encode({ b: "inner" }));
      },
    };
    expect(decode(encode({ inner }), 0)).toEqual({ inner: { a: "81a162a5696e6e6572" } });
  });
});

describe("Writer, for invalid values,", () => {
  it.each([
    ["a lone surrogate", "\ud800"],
    ["a lone surrogate in a long text", `${"x".repeat(100)}\udc00`],
    ["a function", () => 1],
    ["a symbol", Symbol("s")],
    ["a bigint", 1n],
    ["a Date", new Date(0)],
    ["a Map", new Map()],
    ["an instance of a class", new (class A {})()],
    ["undefined in an array", [undefined]],
    ["a typed array that is not of bytes", new Uint16Array(1)],
  ])("rejects %s, with its path", (_, bad) => {
    expect(issueOf({ x: [{ y: bad }] })?.path.slice(0, 3)).toEqual(["x", 0, "y"]);
  });

  it.each(["__proto__", "constructor", "prototype"])("rejects the key %s", (key) => {
    expect(issueOf({ a: JSON.parse(`{"${key}": 1}`) })).toBeDefined();
  });

  it.each([
    [{ x: ["\ud800"] }, "x.0: must not have a lone surrogate"],
    [{ x: 1n }, "x: must be nil, a boolean, number, text, bytes, array or plain object"],
    [{ prototype: 1 }, "prototype: is a forbidden key"],
    [{ timestamp: Number.NaN }, "timestamp: must be finite"],
    [new Map(), "must be a plain object"],
    [nested(16), `${"a.".repeat(14)}a: more than 16 nested containers`],
    [{ a: Array(65_532).fill(1) }, "a: more than 65536 elements"],
  ])("states the reason: %#", (map, reason) => {
    expect(() => encode(map as never)).toThrow(new RegExp(`^payload: ${reason}$`));
  });

  it("rejects a lone surrogate in a key", () => expect(issueOf({ "\ud800": 1 })).toBeDefined());
  it("rejects a timestamp that is not finite", () => {
    expect(issueOf({ timestamp: Number.NaN })).toBeDefined();
    expect(issueOf({ timestamp: Number.NEGATIVE_INFINITY })).toBeDefined();
  });
  it("rejects a payload that is not a plain object", () => {
    for (const bad of [undefined, null, [], "text", 1, new Uint8Array(1), new Map()]) {
      expect(() => encode(bad as never)).toThrow(ValidationError);
    }
  });
  it("rejects more than 15 nested containers in the payload", () => {
    expect(issueOf(nested(15))).toBeUndefined();
    expect(issueOf(nested(16))).toBeDefined();
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(issueOf(cycle)).toBeDefined();
  });
  it("does not count siblings as nesting", () => {
    expect(issueOf({ a: Array(100).fill([]), b: Array(100).fill({}) })).toBeUndefined();
  });
  it("reports the right path after other values, and after an error", () => {
    const bad = Symbol("s");
    expect(issueOf({ a: { b: [1, [2]] }, c: bad })?.path).toEqual(["c"]);
    expect(issueOf({ a: [{ b: 1 }, [2], bad] })?.path).toEqual(["a", 2]);
    expect(issueOf({ a: { b: { c: bad } } })?.path).toEqual(["a", "b", "c"]);
    expect(issueOf(nested(16))?.path).toEqual(Array(15).fill("a"));
  });
  it("reports the right path in a nested writer", () => {
    const outer = {
      get path() {
        return issueOf({ a: [Symbol("s")] })?.path;
      },
    };
    expect(decode(encode({ outer }), 0)).toEqual({ outer: { path: ["a", 0] } });
  });
  it("rejects more than 65,532 elements in the payload", () => {
    expect(issueOf({ a: Array(65_531).fill(1) })).toBeUndefined();
    expect(issueOf({ a: Array(65_532).fill(1) })).toBeDefined();
  });
});

describe.each(["bin", "base64"] as const)("bytes as %s", (form) => {
  it("rejects a detached array", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    detach(bytes);
    expect(() => encode({ a: [bytes] }, form)).toThrow(
      "payload: a.0: must be nil, a boolean, number, text, bytes, array or plain object",
    );
  });

  it("writes the memory of a subclass, and nothing of earlier payloads", () => {
    encode({ a: "a secret of another payload ".repeat(30) }, form);
    const misleading = MisleadingBytes.holding(1, 2, 3);
    expect(toHex(encode({ a: misleading }, form))).toBe(
      toHex(encode({ a: Uint8Array.of(1, 2, 3) }, form)),
    );
  });

  it("writes arrays without a prototype, of shared memory, and of a resizable buffer", () => {
    const bare = Uint8Array.of(1, 2, 3);
    Object.setPrototypeOf(bare, null);
    const resizable = new Uint8Array(resizableBuffer(3));
    resizable.set([1, 2, 3]);
    const all = [bare, resizable];
    if (typeof SharedArrayBuffer !== "undefined") {
      const shared = new Uint8Array(new SharedArrayBuffer(3));
      shared.set([1, 2, 3]);
      all.push(shared as never);
    }
    for (const bytes of all) {
      expect(toHex(encode({ a: bytes }, form))).toBe(
        toHex(encode({ a: Uint8Array.of(1, 2, 3) }, form)),
      );
    }
  });
});
