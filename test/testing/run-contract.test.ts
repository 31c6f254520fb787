import { describe, expect, it } from "vitest";
import {
  type ContractCase,
  ContractError,
  type ContractStep,
  type ContractTarget,
  runContract,
} from "../../src/testing/index.js";

const target: ContractTarget = {};

interface Ending {
  readonly fails?: boolean;
  readonly step?: ContractStep;
  readonly dependsOn?: readonly string[];
}

function caseOf(name: string, { fails = false, step, dependsOn = [] }: Ending = {}): ContractCase {
  const run = async () => {
    if (fails || step !== undefined) throw new ContractError("this", name, { step });
  };
  return { name, requirement: `S-${name}`, part: "websocket", dependsOn, run };
}

async function run(...cases: readonly ContractCase[]) {
  const { results, faults } = await runContract(target, { cases });
  return {
    outcomes: results.map(({ name, outcome, fault }) => [name, outcome, fault?.name]),
    faults: faults.map(({ requirement, name, failure, notRun }) => [
      ...[requirement, name, failure.received, notRun],
    ]),
  };
}

describe("runContract", () => {
  it("reports passed cases, and no fault", async () => {
    expect(await run(caseOf("a"), caseOf("b", { dependsOn: ["a"] }))).toEqual({
      outcomes: [
        ["a", "passed", undefined],
        ["b", "passed", undefined],
      ],
      faults: [],
    });
  });

  it("reports a failed case as a fault, and a case that depends on it as not run", async () => {
    const report = await run(
      caseOf("c", { fails: true, dependsOn: ["b"] }),
      caseOf("b", { fails: true, dependsOn: ["passed", "a"] }),
      caseOf("a", { fails: true }),
      caseOf("passed"),
    );
    expect(report.outcomes).toEqual([
      ["c", "not run", "a"],
      ["b", "not run", "a"],
      ["a", "failed", undefined],
      ["passed", "passed", undefined],
    ]);
    expect(report.faults).toEqual([["S-a", "a", "a", ["c", "b"]]]);
  });

  it("reports a case as failed if the case that it depends on passes, or does not run", async () => {
    const alone = caseOf("b", { fails: true, dependsOn: ["a"] });
    expect((await run(alone)).faults).toEqual([["S-b", "b", "b", []]]);
    expect((await run(caseOf("a"), alone)).faults).toEqual([["S-b", "b", "b", []]]);
  });

  it("reports a failed step once, with all cases that need it", async () => {
    const step = { requirement: "H-2", name: "register a user", testedBy: "registers" };
    const cases = [caseOf("a", { step }), caseOf("b", { step }), caseOf("c", { fails: true })];
    const { outcomes, faults } = await run(...cases);
    expect(outcomes.map(([, outcome]) => outcome)).toEqual(["not run", "not run", "failed"]);
    expect(faults).toEqual([
      ["H-2", "register a user", "a", ["a", "b"]],
      ["S-c", "c", "c", []],
    ]);
  });

  it("reports the failed case that tests a step instead of the step", async () => {
    const step = { requirement: "H-2", name: "register a user", testedBy: "registers" };
    const cases = [caseOf("a", { step }), caseOf("registers", { fails: true })];
    expect((await run(...cases)).faults).toEqual([
      ["S-registers", "registers", "registers", ["a"]],
    ]);
  });

  it("begins with the fault that most cases depend on", async () => {
    const { faults } = await run(
      caseOf("a", { fails: true }),
      caseOf("b", { fails: true }),
      caseOf("c", { fails: true, dependsOn: ["b"] }),
    );
    expect(faults.map(([requirement]) => requirement)).toEqual(["S-b", "S-a"]);
  });

  it.each([1, 2, 5])("runs %i cases at a time", async (concurrency) => {
    let running = 0;
    let most = 0;
    const cases = Array.from({ length: 5 }, (_, at) => ({
      ...caseOf(String(at)),
      async run() {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve));
        running -= 1;
      },
    }));
    const ended: string[] = [];
    await runContract(target, { cases, concurrency, onEnd: ({ name }) => ended.push(name) });
    expect(most).toBe(concurrency);
    expect(ended.sort()).toEqual(["0", "1", "2", "3", "4"]);
  });

  it("runs all cases by default, and rejects a target without the functions that they need", async () => {
    await expect(runContract(target)).rejects.toThrow("target.fetch: must be a function");
  });

  it.each([
    [undefined, {}, "target"],
    [target, null, "options"],
    [target, { cases: 1 }, "options.cases"],
    [target, { concurrency: 0 }, "options.concurrency"],
  ])("rejects the arguments %j and %j", async (one, options, name) => {
    await expect(runContract(one as never, options as never)).rejects.toThrow(`argument: ${name}`);
  });
});
