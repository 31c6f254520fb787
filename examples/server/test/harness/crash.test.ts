import { describe, expect, it } from "vitest";
import { describeIf } from "../../../../test/support/optional.js";
import { type CrashReport, runCrashRounds } from "../../harness/crash/rounds.js";
import { isPostgresThere } from "../../harness/processes/database.js";

const PATIENCE_MS = 600_000;
const rounds = 3;
/** Of a server that loses messages: a kill that meets no acknowledgement loses none. The first loss ends the run. */
const MOST_ROUNDS = 30;

function expectNothingBroken({ lost, doubled, others, ...report }: CrashReport): void {
  expect({ lost, doubled, others }).toEqual({ lost: [], doubled: [], others: [] });
  expect(report.rounds).toHaveLength(rounds);
  expect(report.stored).toBe(report.acknowledged);
  expect(report.acknowledged).toBeGreaterThan(20);
}

describe("a server on SQLite that is killed while everybody writes", () => {
  it(
    "has what it acknowledged, once, in order, where it said",
    async () => expectNothingBroken(await runCrashRounds({ rounds, database: "sqlite", seed: 1 })),
    PATIENCE_MS,
  );

  it(
    "is found out if it acknowledges before it commits",
    async () => {
      const acknowledgesBeforeCommit = true;
      const options = { database: "sqlite", seed: 1, acknowledgesBeforeCommit } as const;
      expect((await runCrashRounds({ ...options, rounds: MOST_ROUNDS })).lost).not.toEqual([]);
    },
    PATIENCE_MS,
  );
});

describeIf(await isPostgresThere(), "PostgreSQL at LACRE_POSTGRES_URL or 127.0.0.1:5432")(
  "a server on PostgreSQL that is killed while everybody writes",
  () => {
    it(
      "has what it acknowledged, once, in order, where it said",
      async () =>
        expectNothingBroken(await runCrashRounds({ rounds, database: "postgresql", seed: 1 })),
      PATIENCE_MS,
    );

    it(
      "is found out if it acknowledges before it commits",
      async () => {
        const acknowledgesBeforeCommit = true;
        const options = { database: "postgresql", seed: 1, acknowledgesBeforeCommit } as const;
        expect((await runCrashRounds({ ...options, rounds: MOST_ROUNDS })).lost).not.toEqual([]);
      },
      PATIENCE_MS,
    );
  },
);
