import { expect, it } from "vitest";
import { describeIf } from "../../../../test/support/optional.js";
import { findLate } from "../../harness/outages/recovery.js";
import { canRunOutages, runOutages } from "../../harness/outages/run.js";

describeIf(canRunOutages, "PostgreSQL's and Redis's own programs")(
  "two servers that lose PostgreSQL and Redis while everybody writes",
  () => {
    it("report it, go on, and have lost nothing", async () => {
      const report = await runOutages();
      const { lost, doubled, others, outages } = report;
      expect({ lost, doubled, others }).toEqual({ lost: [], doubled: [], others: [] });
      // How long it takes is measured by `npm run outages`, on a machine that does nothing else.
      expect(findLate(report, Number.POSITIVE_INFINITY)).toEqual([]);
      const [crash, , withoutRedis] = outages;
      expect(crash!.failures.length).toBeGreaterThan(0);
      expect(withoutRedis!.acknowledged).toBeGreaterThan(0);
      expect(withoutRedis!.failures).toEqual([]);
    }, 600_000);
  },
);
