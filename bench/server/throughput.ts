import type { DatabaseKind } from "../../examples/server/harness/processes/database.js";
import { type Contender, echo, lacre, socketIo } from "./contenders.js";
import { type Fixture, prepareFixture } from "./fixture.js";
import { type Measurement, runLoops } from "./load/run-loops.js";

export interface ThroughputRow extends Measurement {
  readonly name: string;
  /** Messages in flight at any time, one in each chat of each client. */
  readonly inFlight: number;
}

export interface ThroughputOptions {
  readonly seconds: number;
  readonly databases: readonly DatabaseKind[];
  readonly onRow: (row: ThroughputRow) => void;
}

const CLIENTS = 100;
/** Number of neighbours on each side with whom a client has chats, or 0 for pairs. */
const REACHES = [0, 4] as const;
const WARM_UP_SECONDS = 2;

/** Measures all contenders one after the other: first with one message in flight per client, then with eight. */
export async function measureThroughput(options: ThroughputOptions): Promise<ThroughputRow[]> {
  const rows: ThroughputRow[] = [];
  for (const reach of REACHES) {
    for (const database of options.databases) {
      const fixture = await prepareFixture(database, { clients: CLIENTS, reach });
      for (const contender of contendersOn(database)) {
        rows.push(await measure(contender, fixture, options.seconds));
        options.onRow(rows.at(-1)!);
      }
      await fixture.database.remove();
    }
  }
  return rows;
}

function contendersOn(database: DatabaseKind): Contender[] {
  return database === "sqlite"
    ? [echo(), lacre("lacre, SQLite"), socketIo("single"), socketIo("group")]
    : [lacre("lacre, PostgreSQL")];
}

async function measure(
  contender: Contender,
  fixture: Fixture,
  seconds: number,
): Promise<ThroughputRow> {
  const running = await contender.start(fixture);
  try {
    const { peers } = fixture;
    const { kind, name } = contender;
    const plan = { kind, url: running.url, peers, seconds, warmUpSeconds: WARM_UP_SECONDS };
    const inFlight = peers.reduce((sum, { chats }) => sum + chats.length, 0);
    return { name, inFlight, ...(await runLoops([plan], running.pid)) };
  } finally {
    await running.stop();
  }
}
