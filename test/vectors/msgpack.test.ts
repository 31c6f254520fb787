import { expect, it } from "vitest";
import { DecodeError } from "../../src/errors.js";
import { decode } from "../../src/wire/decode.js";
import { scan } from "../../src/wire/scan.js";
import { hex } from "../support/hex.js";
import { describeWithVectors, readVectors } from "../support/vectors.js";

type Case = { msgpack: string[] } & Record<string, unknown>;
type Outcome = "decoded" | "integer past 2^53" | "extension type";

const suite = await readVectors<Record<string, Case[]>>(
  "msgpack-test-suite/msgpack-test-suite.json",
);

describeWithVectors("the MessagePack test suite", () => {
  const groups = Object.entries(suite);

  it("decodes to the value, or is rejected by policy", () => {
    const outcomes = groups.flatMap(([group, cases]) =>
      cases.flatMap((one) =>
        one.msgpack.map((bytes) => outcomeOf(group, one, hex(bytes.replaceAll("-", "")))),
      ),
    );
    const count = (outcome: Outcome) => outcomes.filter((one) => one === outcome).length;
    console.info(
      `MessagePack: ${count("decoded")} decoded, ${count("integer past 2^53")} rejected as integers past 2^53, ${count("extension type")} as extension types`,
    );
    expect(outcomes).toHaveLength(233);
    expect(count("integer past 2^53")).toBe(6);
    expect(count("extension type")).toBe(30);
    expect(count("decoded")).toBe(197);
  });

  function outcomeOf(group: string, one: Case, bytes: Uint8Array): Outcome {
    const isExtension = "ext" in one || "timestamp" in one;
    const isPastSafe = typeof one.bignum === "string" && !Number.isSafeInteger(Number(one.bignum));
    const isIntegerHead = bytes[0] === 0xcf || bytes[0] === 0xd3;
    if (isExtension || (isPastSafe && isIntegerHead)) {
      expect(() => scan(bytes), group).toThrow(DecodeError);
      return isExtension ? "extension type" : "integer past 2^53";
    }
    // Keys that are not text are rejected too, but the suite has none.
    scan(bytes);
    expect(decode(bytes, 0), group).toEqual(expectedOf(one));
    return "decoded";
  }

  function expectedOf(one: Case): unknown {
    if ("binary" in one) return hex(String(one.binary).replaceAll("-", ""));
    if ("bignum" in one) return Number(one.bignum);
    const kind = ["nil", "bool", "number", "string", "array", "map"].find((name) => name in one)!;
    return one[kind];
  }
});
