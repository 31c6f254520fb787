import { describe, expect, it } from "vitest";
import { kinds, runMutants } from "../../assurance/mutants/run.js";
import { samples } from "../../assurance/mutants/samples.js";
import { judge } from "../../assurance/support/reference-frame.js";
import { NOW } from "../support/examples.js";

describe("mutants of frames", () => {
  it("are of 132 structural kinds, and of every kind of message on both wires", () => {
    expect(new Set(kinds.map(({ name }) => name)).size).toBe(132);
    expect(samples).toHaveLength(48);
  });

  it("open exactly where the specification lets them in, and cost little (npm run mutants: all of them)", async () => {
    const report = await runMutants({ seed: 1, stride: 300, rounds: 2 });
    expect(report.escapes).toEqual([]);
    expect(report.mutants).toBeGreaterThan(15_000);
    expect(report.opened).toBeGreaterThan(500);
    const missing = [...report.perKind].filter(([, count]) => count === 0);
    expect(missing).toEqual([]);
  }, 120_000);

  it("are judged by someone who lets the sound frames in, and knows why not", () => {
    for (const { bytes, signedWith } of samples) {
      expect(judge(bytes, signedWith.reference, NOW).opens).toBe(true);
      expect(judge(bytes, signedWith.reference, NOW + 361)).toEqual({ opens: false, why: "O-2" });
      expect(judge(bytes.with(-1, bytes.at(-1)! ^ 1), signedWith.reference, NOW).opens).toBe(false);
    }
  });
});
