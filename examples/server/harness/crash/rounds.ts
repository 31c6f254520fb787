import { setTimeout as delay } from "node:timers/promises";
import { randomFrom } from "../../../../test/support/random.js";
import { Load } from "../load.js";
import { createDatabase, type DatabaseKind } from "../processes/database.js";
import { BROKEN_SERVER, SERVER, ServerProcess } from "../processes/server-process.js";
import { until } from "../until.js";
import { type Contents, readAfterKill, readContents } from "../verify/contents.js";
import { findLost, findViolations, type Violations } from "../verify/guarantees.js";

export interface CrashOptions {
  readonly rounds: number;
  readonly database: DatabaseKind;
  readonly seed: number;
  readonly acknowledgesBeforeCommit?: boolean;
  readonly onRound?: (round: Round) => void;
}

/** Results of one kill of the server. */
export interface Round {
  readonly number: number;
  /** Seconds from the start of the round to the end of the server process. */
  readonly seconds: number;
  /** Messages acknowledged in this round. */
  readonly acknowledged: number;
  /** Messages without an acknowledgement when the server was killed. */
  readonly inFlight: number;
  /** How many of these the database contains. The clients send them again. */
  readonly storedUnacknowledged: number;
  /** Acknowledged messages that the database does not contain, over all rounds so far. */
  readonly lost: number;
}

export interface CrashReport extends Violations {
  readonly rounds: readonly Round[];
  readonly acknowledged: number;
  readonly stored: number;
}

const CLIENTS = 12;
const CHATS_PER_CLIENT = 2;
/** Maximum delay of the kill after the first acknowledgement of a round. */
const MAX_KILL_DELAY_MS = 1200;
/** Fraction of rounds in which the server is killed while the clients reconnect, and the maximum delay of that kill. */
const EARLY_KILLS = 0.2;
const MAX_EARLY_KILL_DELAY_MS = 300;
/** Enough for a busy machine. */
const TIMEOUT_SECONDS = 120;
/** Fraction of rounds in which another program reads the database before the kill. */
const CONCURRENT_READS = 0.3;
/** Fraction of clients that are killed together with the server. */
const KILLED_CLIENTS = 0.25;

/** Kills a server under load in each round, stops at the first lost message, and then checks all guarantees. */
export async function runCrashRounds(options: CrashOptions): Promise<CrashReport> {
  const { database: kind, acknowledgesBeforeCommit: isBroken = false } = options;
  const database = await createDatabase(kind);
  const program = isBroken ? BROKEN_SERVER : SERVER;
  const server = await ServerProcess.create({ databaseUrl: database.url, program });
  try {
    await server.start();
    return await runRounds(server, database.url, options);
  } finally {
    await server.kill();
    await database.remove();
  }
}

async function runRounds(
  server: ServerProcess,
  databaseUrl: string,
  options: CrashOptions,
): Promise<CrashReport> {
  const random = randomFrom(options.seed);
  const load = await Load.prepare({
    urls: [server.url],
    clients: CLIENTS,
    chatsPerClient: CHATS_PER_CLIENT,
    random,
  });
  try {
    load.start();
    const rounds: Round[] = [];
    for (let number = 1; number <= options.rounds; number++) {
      const measured = await runRound(load, server, databaseUrl, random);
      rounds.push({ number, ...measured });
      options.onRound?.(rounds.at(-1)!);
      // A client that received a lost message waits forever for a later seq.
      if (measured.lost > 0) break;
      restartSomeClients(load, random);
      await server.start();
    }
    const hasLost = rounds.some(({ lost }) => lost > 0);
    const isSettled = await load.settle(databaseUrl, hasLost ? 0 : TIMEOUT_SECONDS);
    const contents = await readContents(databaseUrl);
    const violations = findViolations(contents, load.clients);
    if (!isSettled) violations.others.push("not all messages arrived");
    const stored = countRows(contents);
    return { ...violations, rounds, acknowledged: load.acknowledged, stored };
  } finally {
    load.stop();
  }
}

async function runRound(
  load: Load,
  server: ServerProcess,
  databaseUrl: string,
  random: () => number,
): Promise<Omit<Round, "number">> {
  const before = load.acknowledged;
  const begun = performance.now();
  if (random() < EARLY_KILLS) {
    await delay(random() * MAX_EARLY_KILL_DELAY_MS);
  } else if (await until(() => load.acknowledged > before, TIMEOUT_SECONDS)) {
    await delay(random() * MAX_KILL_DELAY_MS);
  } else {
    throw new Error(`no message is acknowledged. ${server.lastOutput}`);
  }
  // A second reader, such as a backup, must not endanger durability.
  if (random() < CONCURRENT_READS) await readContents(databaseUrl);
  if (server.hasCrashed) throw new Error(`the server crashed. ${server.lastOutput}`);
  await server.kill();
  const seconds = (performance.now() - begun) / 1000;
  // Wait until each client has processed all frames received before the kill.
  await until(() => load.clients.every(({ isOnline }) => !isOnline), TIMEOUT_SECONDS);
  const contents = await readAfterKill(databaseUrl);
  const lost = load.clients.flatMap((client) => findLost(contents, client));
  return {
    seconds,
    acknowledged: load.acknowledged - before,
    inFlight: load.inFlight,
    storedUnacknowledged: countStoredUnacknowledged(contents, load),
    lost: lost.length,
  };
}

/** Restarts some clients, as if killed after an acknowledgement and before they removed its message from the outbox. */
function restartSomeClients(load: Load, random: () => number): void {
  for (const client of load.clients) {
    if (random() > KILLED_CLIENTS) continue;
    client.kill();
    client.disk.undoRemove();
    client.start();
  }
}

function countStoredUnacknowledged({ messages }: Contents, load: Load): number {
  const pending = new Set(load.clients.flatMap(({ disk }) => [...disk.outbox.keys()]));
  return [...messages.values()].flat().filter(({ client_id }) => pending.has(client_id)).length;
}

function countRows({ messages }: Contents): number {
  return [...messages.values()].flat().length;
}
