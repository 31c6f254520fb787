import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { compile as compiled } from "../../src/messages/compile.eval.js";
import { compile as plain } from "../../src/messages/compile.none.js";

import { everyMessage, NOW } from "../support/examples.js";
import { runs } from "../support/runs.js";

/** Values that some field accepts, and values that no field accepts. */
const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    true,
    "",
    "typing",
    "read",
    "AAAA",
    "AAAAAAAAAAAAAAAA",
    "=",
    Number.NaN,
  ),
  fc.constantFrom(0, -0, -1, 1, 1.5, 2 ** 53 - 1, 2 ** 53, 1e300, 1_700_000_000.5, 100_000),
  fc.string({ maxLength: 60, unit: "binary" }),
  fc.uuid(),
  fc.uint8Array({ minLength: 12, maxLength: 12 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc.uint8Array({ maxLength: 40 }),
  fc.array(fc.oneof(fc.nat(3), fc.string({ maxLength: 3 })), { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 3 }), fc.nat(), { maxKeys: 3 }),
);

describe("a compiled schema", () => {
  // An absent timestamp becomes the current time.
  beforeAll(() => void vi.useFakeTimers({ toFake: ["Date"], now: NOW * 1000 }));
  afterAll(() => void vi.useRealTimers());

  it.each(Object.entries(everyMessage))(
    "of %s returns the same results as the schema",
    (_, message) => {
      const { schema } = message.definition;
      const [fast, slow] = [compiled(schema), plain(schema)];
      const fields = Object.keys((schema as unknown as { shape: object }).shape);
      const changes = fc.dictionary(fc.constantFrom(...fields, "unknown"), value, { maxKeys: 2 });
      const changed = changes.map((change) => ({ ...message.value, ...change }));
      let accepted = 0;
      fc.assert(
        fc.property(fc.oneof({ weight: 9, arbitrary: changed }, value), (input) => {
          const [got, expected] = [fast(input), slow(input)];
          expect(got).toEqual(expected);
          if (got !== undefined) accepted += 1;
        }),
        { numRuns: runs(2000) },
      );
      expect(accepted).toBeGreaterThan(runs(100));
    },
  );
});
