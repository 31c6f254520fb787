import { expect, it } from "vitest";
import { describeIf } from "../../../../test/support/optional.js";
import { findLate } from "../../harness/outages/recovery.js";
import { canRunOutages, runOutages } from "../../harness/outages/run.js";

describeIf(canRunOutages, "PostgreSQL's and Redis's own programs")(
  "two servers during outages of PostgreSQL and Redis",
  () => {
    it("report errors, recover, and lose no message", async () => {
      const report = await runOutages();
      const { lost, duplicated, others, outages } = report;
      expect({ lost, duplicated, others }).toEqual({ lost: [], duplicated: [], others: [] });
      // `npm run outages` checks the recovery times, on an idle machine.
      expect(findLate(report, Number.POSITIVE_INFINITY)).toEqual([]);
      const [crash, , withoutRedis] = outages;
      expect(crash!.failures.length).toBeGreaterThan(0);
      expect(withoutRedis!.acknowledged).toBeGreaterThan(0);
      expect(withoutRedis!.failures).toEqual([]);
    }, 600_000);
  },
);
