import { describe, expect, it } from "vitest";
import { Fuzzer } from "../../assurance/fuzz/fuzzer.js";
import type { FuzzTarget } from "../../assurance/fuzz/target.js";
import { targets } from "../../assurance/fuzz/targets/index.js";
import { DecodeError } from "../../src/errors.js";
import { toHex } from "../support/hex.js";

function target(run: FuzzTarget["run"]): FuzzTarget {
  return { name: "probe", weight: 1, seeds: [Uint8Array.of(1, 2, 3)], run };
}

/** What is wrong with a target at its first execution. */
async function findingsOf(probe: FuzzTarget): Promise<Set<unknown>> {
  const { findings } = await new Fuzzer([probe], { seed: 1 }).run({ executions: 1 });
  return new Set(findings.map(({ problem }) => problem));
}

describe("the fuzzer", () => {
  it("finds nothing in the library in a few thousand executions (npm run fuzz: for as long as you like)", async () => {
    const report = await new Fuzzer(targets, { seed: 1 }).run({ executions: 10_000 });
    expect(report.findings).toEqual([]);
    expect(report.executions).toBeGreaterThanOrEqual(10_000);
    expect(report.behaviours).toBeGreaterThan(200);
  }, 120_000);

  it("finds errors that are none of ours, and takes ours for a behaviour", async () => {
    const breaks = target((input) => {
      if (input[0] === 0x97) throw new RangeError("of the engine's");
      if (input.length > 3) throw new DecodeError("ours");
      return "sound";
    });
    const { findings } = await new Fuzzer([breaks], { seed: 1 }).run({ executions: 3000 });
    expect(findings.length).toBeGreaterThan(0);
    for (const { problem } of findings) expect(problem).toBeInstanceOf(RangeError);
  });

  it("finds what takes long each time, whatever else the machine does", async () => {
    const slow = target(() => {
      const until = performance.now() + 100;
      while (performance.now() < until);
      return "late";
    });
    expect(await findingsOf(slow)).toEqual(new Set(["too slow"]));
  });

  it("finds what takes much memory", async () => {
    const held: Uint8Array[] = [];
    const greedy = target(() => {
      held.push(new Uint8Array(32 * 1024 * 1024));
      return "full";
    });
    expect(await findingsOf(greedy)).toEqual(new Set(["too much memory"]));
  });

  it("keeps what behaves anew, and makes the same run from the same seed", async () => {
    const byLength = () => target((input) => String(input.length));
    const kept = async (seed: number) => {
      const fuzzer = new Fuzzer([byLength()], { seed });
      await fuzzer.run({ executions: 2000 });
      return fuzzer.kept("probe").map(toHex);
    };
    expect(await kept(1)).toEqual(await kept(1));
    expect(await kept(1)).not.toEqual(await kept(2));
    expect((await kept(1)).length).toBeGreaterThan(20);
  });
});
