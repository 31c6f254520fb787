import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase, type ScratchDatabase } from "../../harness/processes/database.js";
import { ServerProcess } from "../../harness/processes/server-process.js";
import { DEVICES, planOf } from "../../harness/simulation/plan.js";
import { runPlan } from "../../harness/simulation/run-plan.js";

const plans = Number(process.env.LACRE_PLANS ?? 4);

let database: ScratchDatabase;
let server: ServerProcess;

beforeAll(async () => {
  database = await createDatabase("sqlite");
  server = await ServerProcess.create({ databaseUrl: database.url });
  await server.start();
});
afterAll(async () => {
  await server.stop();
  await database.remove();
});

describe("simulation with broken connections and a killed server", () => {
  const seeds = Array.from({ length: plans }, (_, at) => at + 1);

  it.each(seeds)(
    "delivers each message once and in order, or reports it as failed (plan %i)",
    async (seed) => {
      const { lost, duplicated, others, written, timesOffline } = await runPlan(
        planOf(seed),
        server,
        database.url,
      );
      expect({ lost, duplicated, others }).toEqual({ lost: [], duplicated: [], others: [] });
      expect(written).toBeGreaterThan(20);
      // Each device loses its connection at least once. How often depends on the load of the machine.
      expect(timesOffline).toBeGreaterThanOrEqual(DEVICES.length);
    },
    400_000,
  );
});
