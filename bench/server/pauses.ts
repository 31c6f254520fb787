import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Account, logIn, register } from "../../examples/server/harness/client/accounts.js";
import type { DatabaseKind } from "../../examples/server/harness/processes/database.js";
import { until } from "../../examples/server/harness/until.js";
import { lacre, type Running } from "./contenders.js";
import { type Fixture, prepareFixture } from "./fixture.js";
import { type Measurement, runLoops } from "./load/run-loops.js";

export interface PauseRow extends Measurement {
  readonly name: string;
  /** The longest time in which the server's event loop did nothing else, in milliseconds. */
  readonly longestPauseMs: number;
}

const CLIENTS = 100;
const WARM_UP_SECONDS = 2;
/** Number of users that log in again and again. */
const LOGINS = 50;

/** Measures how long the server's event loop pauses under load, and how long messages take while many users log in. */
export async function measurePauses(
  databases: readonly DatabaseKind[],
  seconds: number,
  onRow: (row: PauseRow) => void,
): Promise<PauseRow[]> {
  const rows: PauseRow[] = [];
  const folder = mkdtempSync(join(tmpdir(), "lacre-pauses-"));
  process.env.PAUSE_FILE = join(folder, "pause.json");
  const probe = fileURLToPath(new URL("./servers/pause-probe.mjs", import.meta.url));
  for (const database of databases) {
    const fixture = await prepareFixture(database, { clients: CLIENTS, reach: 0 });
    const running = await lacre("lacre", ["--import", probe]).start(fixture);
    const users = await Promise.all(Array.from({ length: LOGINS }, () => register(running.url)));
    try {
      for (const [name, storm] of [
        [database, []],
        [`${database}, ${LOGINS} users log in`, users],
      ] as const) {
        rows.push({ name, ...(await measure({ running, fixture, seconds, storm })) });
        onRow(rows.at(-1)!);
      }
    } finally {
      await running.stop();
      await fixture.database.remove();
    }
  }
  rmSync(folder, { recursive: true });
  return rows;
}

async function measure(given: {
  readonly running: Running;
  readonly fixture: Fixture;
  readonly seconds: number;
  readonly storm: readonly Account[];
}): Promise<Omit<PauseRow, "name">> {
  const { running, fixture, seconds, storm } = given;
  const { url, pid } = running;
  const { peers } = fixture;
  const plan = { kind: "lacre", url, peers, seconds, warmUpSeconds: WARM_UP_SECONDS } as const;
  let isOver = false;
  const logins = storm.map(async ({ username }) => {
    while (!isOver) await logIn(url, username);
  });
  try {
    const loops = runLoops([plan], pid);
    await delay(WARM_UP_SECONDS * 1000);
    await longestPause(pid);
    const measured = await loops;
    return { ...measured, longestPauseMs: await longestPause(pid) };
  } finally {
    isOver = true;
    await Promise.allSettled(logins);
  }
}

/** Returns the server's longest pause since the last call, in milliseconds. */
async function longestPause(pid: number): Promise<number> {
  const file = process.env.PAUSE_FILE!;
  rmSync(file, { force: true });
  process.kill(pid, "SIGUSR2");
  let longest: number | undefined;
  await until(async () => {
    try {
      ({ longest } = JSON.parse(readFileSync(file, "utf8")));
      return true;
    } catch {
      return false;
    }
  }, 10);
  return longest!;
}
