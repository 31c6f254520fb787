import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase, type ScratchDatabase } from "../../harness/processes/database.js";
import { ServerProcess } from "../../harness/processes/server-process.js";
import { DEVICES, planOf } from "../../harness/simulation/plan.js";
import { playPlan } from "../../harness/simulation/world.js";

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

describe("over real WebSockets that break at any byte, with a server that is killed", () => {
  const seeds = Array.from({ length: plans }, (_, at) => at + 1);

  it.each(seeds)(
    "every message is handed over once and in order, or reported as failed (plan %i)",
    async (seed) => {
      const { lost, doubled, others, written, timesOffline } = await playPlan(
        planOf(seed),
        server,
        database.url,
      );
      expect({ lost, doubled, others }).toEqual({ lost: [], doubled: [], others: [] });
      expect(written).toBeGreaterThan(20);
      // More would be up to how busy the machine is: a device that is offline does not notice the next break.
      expect(timesOffline).toBeGreaterThanOrEqual(DEVICES.length);
    },
    400_000,
  );
});
