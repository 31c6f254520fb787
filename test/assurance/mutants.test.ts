import { describe, expect, it } from "vitest";
import { NOW } from "../support/examples.js";
import { kinds, runMutants } from "./mutants/run.js";
import { samples } from "./mutants/samples.js";
import { requiredResult } from "./support/reference-frame.js";

describe("mutants of frames", () => {
  it("have 139 structural kinds, and cover each message type on both wires", () => {
    expect(new Set(kinds.map(({ name }) => name)).size).toBe(139);
    expect(samples).toHaveLength(52);
  });

  it("open exactly where the specification accepts them, within the time limit (npm run mutants runs all)", async () => {
    const report = await runMutants({ seed: 1, stride: 300, rounds: 2 });
    expect(report.escapes).toEqual([]);
    expect(report.mutants).toBeGreaterThan(15_000);
    expect(report.opened).toBeGreaterThan(500);
    const missing = [...report.perKind].filter(([, count]) => count === 0);
    expect(missing).toEqual([]);
  }, 120_000);

  it("are compared with a reference reader that accepts valid frames and names the requirement otherwise", () => {
    for (const { bytes, signedWith } of samples) {
      expect(requiredResult(bytes, signedWith.reference, NOW).opens).toBe(true);
      expect(requiredResult(bytes, signedWith.reference, NOW + 361)).toEqual({
        opens: false,
        why: "O-2",
      });
      expect(
        requiredResult(bytes.with(-1, bytes.at(-1)! ^ 1), signedWith.reference, NOW).opens,
      ).toBe(false);
    }
  });
});
