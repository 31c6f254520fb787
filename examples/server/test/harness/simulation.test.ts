import { describe, expect, it } from "vitest";
import { DEVICES, planOf } from "../../harness/simulation/plan.js";
import { runPlan } from "../../harness/simulation/run-plan.js";
import { useServerProcess } from "../server-process.js";

const plans = Number(process.env.LACRE_PLANS ?? 4);

const running = useServerProcess();

describe("simulation with broken connections and a killed server", () => {
  const seeds = Array.from({ length: plans }, (_, at) => at + 1);

  it.each(seeds)(
    "delivers each message once and in order, or reports it as failed (plan %i)",
    async (seed) => {
      const { lost, duplicated, others, written, timesOffline } = await runPlan(
        planOf(seed),
        running.server,
        running.database.url,
      );
      expect({ lost, duplicated, others }).toEqual({ lost: [], duplicated: [], others: [] });
      expect(written).toBeGreaterThan(20);
      // Each device loses its connection at least once. How often depends on the load of the machine.
      expect(timesOffline).toBeGreaterThanOrEqual(DEVICES.length);
    },
    400_000,
  );
});
