import { describe, expect, it } from "vitest";
import { describeIf } from "../../../../test/support/optional.js";
import { type CrashReport, runCrashRounds } from "../../harness/crash/rounds.js";
import { isPostgresAvailable } from "../../harness/processes/database.js";

const TIMEOUT_MS = 600_000;
const rounds = 3;
/** For the server that loses messages: not each kill loses one. The first loss ends the run. */
const MAX_ROUNDS = 30;

function expectNoViolations({ lost, duplicated, others, ...report }: CrashReport): void {
  expect({ lost, duplicated, others }).toEqual({ lost: [], duplicated: [], others: [] });
  expect(report.rounds).toHaveLength(rounds);
  expect(report.stored).toBe(report.acknowledged);
  expect(report.acknowledged).toBeGreaterThan(20);
}

describe("crash test on SQLite", () => {
  it(
    "finds each acknowledged message stored once, in order, at the acknowledged seq",
    async () => expectNoViolations(await runCrashRounds({ rounds, database: "sqlite", seed: 1 })),
    TIMEOUT_MS,
  );

  it(
    "finds lost messages if the server acknowledges before it commits",
    async () => {
      const acknowledgesBeforeCommit = true;
      const options = { database: "sqlite", seed: 1, acknowledgesBeforeCommit } as const;
      expect((await runCrashRounds({ ...options, rounds: MAX_ROUNDS })).lost).not.toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describeIf(await isPostgresAvailable(), "PostgreSQL at LACRE_POSTGRES_URL or 127.0.0.1:5432")(
  "crash test on PostgreSQL",
  () => {
    it(
      "finds each acknowledged message stored once, in order, at the acknowledged seq",
      async () =>
        expectNoViolations(await runCrashRounds({ rounds, database: "postgresql", seed: 1 })),
      TIMEOUT_MS,
    );

    it(
      "finds lost messages if the server acknowledges before it commits",
      async () => {
        const acknowledgesBeforeCommit = true;
        const options = { database: "postgresql", seed: 1, acknowledgesBeforeCommit } as const;
        expect((await runCrashRounds({ ...options, rounds: MAX_ROUNDS })).lost).not.toEqual([]);
      },
      TIMEOUT_MS,
    );
  },
);
