import { describe, expect, it } from "vitest";
import { DecodeError } from "../../src/errors.js";
import { toHex } from "../support/hex.js";
import { isQuick } from "../support/runs.js";
import { Fuzzer } from "./fuzz/fuzzer.js";
import type { FuzzTarget } from "./fuzz/target.js";
import { targets } from "./fuzz/targets/index.js";
import { collectGarbage } from "./support/collect-garbage.js";

function target(run: FuzzTarget["run"]): FuzzTarget {
  return { name: "probe", weight: 1, seeds: [Uint8Array.of(1, 2, 3)], run };
}

/** Returns the problems that the first execution of a target has. */
async function findingsOf(probe: FuzzTarget): Promise<Set<unknown>> {
  const { findings } = await new Fuzzer([probe], { seed: 1 }).run({ executions: 1 });
  return new Set(findings.map(({ problem }) => problem));
}

describe("Fuzzer", () => {
  it("finds no problem in the library in a few thousand executions (npm run fuzz runs longer)", async () => {
    const executions = isQuick ? 3000 : 10_000;
    const report = await new Fuzzer(targets, { seed: 1 }).run({ executions });
    expect(report.findings).toEqual([]);
    expect(report.executions).toBeGreaterThanOrEqual(executions);
    expect(report.behaviours).toBeGreaterThan(200);
  }, 120_000);

  it("reports errors other than LacreErrors, and records LacreErrors as behaviour", async () => {
    const breaks = target((input) => {
      if (input[0] === 0x97) throw new RangeError("an error of the engine");
      if (input.length > 3) throw new DecodeError("an error of the library");
      return "sound";
    });
    const { findings } = await new Fuzzer([breaks], { seed: 1 }).run({ executions: 3000 });
    expect(findings.length).toBeGreaterThan(0);
    for (const { problem } of findings) expect(problem).toBeInstanceOf(RangeError);
  });

  it("reports an input that is slow each time, also on a busy machine", async () => {
    const slow = target(() => {
      // Wait for CPU time: on a busy machine, elapsed time may belong to other processes.
      const start = process.cpuUsage();
      const used = () => {
        const { user, system } = process.cpuUsage(start);
        return user + system;
      };
      while (used() < 100_000);
      return "late";
    });
    expect(await findingsOf(slow)).toEqual(new Set(["too slow"]));
  });

  it("reports an input that takes too much memory", async () => {
    const retained: Uint8Array[] = [];
    const greedy = target(() => {
      retained.push(new Uint8Array(64 * 1024 * 1024));
      return "full";
    });
    // Otherwise the engine may collect garbage of earlier tests meanwhile, which hides what the target takes.
    collectGarbage();
    expect(await findingsOf(greedy)).toEqual(new Set(["too much memory"]));
  });

  it("keeps inputs with new behaviour, and repeats a run from the same seed", async () => {
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
