import { setTimeout as delay } from "node:timers/promises";
import { randomFrom } from "../../../../test/support/random.js";
import { Load } from "../load.js";
import { createDatabase, type DatabaseKind } from "../processes/database.js";
import { BROKEN_SERVER, SERVER, ServerProcess } from "../processes/server-process.js";
import { until } from "../until.js";
import { type Contents, readContents, readRemains } from "../verify/contents.js";
import { type Broken, findBroken, findLost } from "../verify/promises.js";

export interface CrashOptions {
  readonly rounds: number;
  readonly database: DatabaseKind;
  readonly seed: number;
  readonly acknowledgesBeforeCommit?: boolean;
  readonly onRound?: (round: Round) => void;
}

/** What one kill of the server met. */
export interface Round {
  readonly number: number;
  /** From when the server was up to when it was gone. */
  readonly seconds: number;
  readonly acknowledged: number;
  /** Without an acknowledgement when the server was killed. */
  readonly underWay: number;
  /** Of these, what the database has nevertheless, and will be sent again. */
  readonly storedUnheard: number;
  /** In this round and those before it. */
  readonly lost: number;
}

export interface CrashReport extends Broken {
  readonly rounds: readonly Round[];
  readonly acknowledged: number;
  readonly stored: number;
}

const CLIENTS = 12;
const REACH = 2;
const LONGEST_ROUND_MS = 1200;
/** Rounds in which the server is killed while the clients come back, and how long these take at most. */
const EARLY_KILLS = 0.2;
const EARLY_MS = 300;
/** For the first acknowledgement after a start, and for everything to arrive at the end, on a busy machine too. */
const PATIENCE_SECONDS = 120;
/** Rounds in which another program reads the database before the kill. */
const LOOKS = 0.3;
/** Of the clients, those that are killed together with the server. */
const KILLED_CLIENTS = 0.25;

/** Kills a server under load, again and again until a message is lost, and holds what is left to what was promised. */
export async function runCrashRounds(options: CrashOptions): Promise<CrashReport> {
  const { database: kind, acknowledgesBeforeCommit: isBroken = false } = options;
  const database = await createDatabase(kind);
  const program = isBroken ? BROKEN_SERVER : SERVER;
  const server = await ServerProcess.create({ databaseUrl: database.url, program });
  try {
    await server.start();
    return await crash(server, database.url, options);
  } finally {
    await server.kill();
    await database.remove();
  }
}

async function crash(
  server: ServerProcess,
  databaseUrl: string,
  options: CrashOptions,
): Promise<CrashReport> {
  const random = randomFrom(options.seed);
  const load = await Load.prepare({ urls: [server.url], clients: CLIENTS, reach: REACH, random });
  try {
    load.start();
    const rounds: Round[] = [];
    for (let number = 1; number <= options.rounds; number++) {
      const measured = await playRound(load, server, databaseUrl, random);
      rounds.push({ number, ...measured });
      options.onRound?.(rounds.at(-1)!);
      // A client that has read a lost message waits for ever for what comes after it.
      if (measured.lost > 0) break;
      killSome(load, random);
      await server.start();
    }
    const hasLost = rounds.some(({ lost }) => lost > 0);
    const isSettled = await load.settle(databaseUrl, hasLost ? 0 : PATIENCE_SECONDS);
    const contents = await readContents(databaseUrl);
    const broken = findBroken(contents, load.clients);
    if (!isSettled) broken.others.push("not everything arrived");
    const stored = countRows(contents);
    return { ...broken, rounds, acknowledged: load.acknowledged, stored };
  } finally {
    load.stop();
  }
}

async function playRound(
  load: Load,
  server: ServerProcess,
  databaseUrl: string,
  random: () => number,
): Promise<Omit<Round, "number">> {
  const before = load.acknowledged;
  const begun = performance.now();
  if (random() < EARLY_KILLS) {
    await delay(random() * EARLY_MS);
  } else if (await until(() => load.acknowledged > before, PATIENCE_SECONDS)) {
    await delay(random() * LONGEST_ROUND_MS);
  } else {
    throw new Error(`nothing is acknowledged. ${server.lastWords}`);
  }
  // As a backup or a look into the database does: others may read it while the server runs.
  if (random() < LOOKS) await readContents(databaseUrl);
  if (server.hasDied) throw new Error(`the server ended by itself. ${server.lastWords}`);
  await server.kill();
  const seconds = (performance.now() - begun) / 1000;
  // What came in before the kill is heard, and the closed sockets after it.
  await until(() => load.clients.every(({ isOnline }) => !isOnline), PATIENCE_SECONDS);
  const contents = await readRemains(databaseUrl);
  const lost = load.clients.flatMap((client) => findLost(contents, client));
  return {
    seconds,
    acknowledged: load.acknowledged - before,
    underWay: load.underWay,
    storedUnheard: countUnheard(contents, load),
    lost: lost.length,
  };
}

/** Kills some clients, right after an acknowledgement and before they remembered it. */
function killSome(load: Load, random: () => number): void {
  for (const client of load.clients) {
    if (random() > KILLED_CLIENTS) continue;
    client.kill();
    client.disk.undoForget();
    client.start();
  }
}

function countUnheard({ messages }: Contents, load: Load): number {
  const pending = new Set(load.clients.flatMap(({ disk }) => [...disk.outbox.keys()]));
  return [...messages.values()].flat().filter(({ client_id }) => pending.has(client_id)).length;
}

function countRows({ messages }: Contents): number {
  return [...messages.values()].flat().length;
}
