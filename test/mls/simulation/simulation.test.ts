import { describe, expect, it } from "vitest";
import { mlsPlans, mlsSeed } from "../../support/runs.js";
import { type Plan, planOf, shortened } from "./plan.js";
import { expectDelivery, expectSafety } from "./properties.js";
import { Simulation } from "./simulation.js";

async function run(plan: Plan): Promise<Simulation> {
  const simulation = new Simulation(plan);
  await simulation.begin();
  for (const step of plan.steps) await simulation.perform(step);
  await simulation.settle();
  await expectSafety(simulation);
  if (!plan.isHonest) return simulation;
  await expectDelivery(simulation);
  for (const attacker of simulation.attackers) expect(await attacker.leaks()).toEqual([]);
  return simulation;
}

describe("with random faults, changes, thefts and servers", () => {
  it(`reads each text once or reports it, and shows it to no other device (${mlsPlans} plans from ${mlsSeed})`, async () => {
    for (let seed = mlsSeed; seed < mlsSeed + mlsPlans; seed++) {
      const plan = planOf(seed);
      const error = await run(plan).then(
        () => undefined,
        (failure: unknown) => failure,
      );
      if (error === undefined) continue;
      const fails = (shorter: Plan) =>
        run(shorter).then(
          () => false,
          () => true,
        );
      const { steps, ...rest } = await shortened(plan, fails);
      throw new Error(`plan ${JSON.stringify({ ...rest, steps })} fails`, { cause: error });
    }
  }, 3_600_000);
});
