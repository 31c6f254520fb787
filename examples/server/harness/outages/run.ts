import { setTimeout as delay } from "node:timers/promises";
import { randomFrom } from "../../../../test/support/random.js";
import { register } from "../client/accounts.js";
import { Load } from "../load.js";
import { isPostgresInstalled, PostgresProcess } from "../processes/postgres-process.js";
import { isRedisInstalled, RedisProcess } from "../processes/redis-process.js";
import { ServerProcess } from "../processes/server-process.js";
import { readContents } from "../verify/contents.js";
import { findViolations, type Violations } from "../verify/guarantees.js";
import { type Outage, type Plan, runOutage } from "./outage.js";
import { type QuietChat, writeIntoQuietChat } from "./quiet-chat.js";

export const canRunOutages = isPostgresInstalled && isRedisInstalled;

export interface OutageReport extends Violations {
  readonly outages: readonly Outage[];
  readonly acknowledged: number;
  readonly quietChat: QuietChat;
}

const CLIENTS = 8;
const CHATS_PER_CLIENT = 2;
const BETWEEN_MS = 500;
const TIMEOUT_SECONDS = 120;

interface Processes {
  readonly servers: readonly ServerProcess[];
  readonly postgres: PostgresProcess;
  readonly redis: RedisProcess;
}

/** Stops and restarts PostgreSQL and Redis under two servers under load. */
export async function runOutages(
  onOutage: (outage: Outage) => void = () => {},
): Promise<OutageReport> {
  const postgres = await PostgresProcess.create();
  const redis = await RedisProcess.create();
  const servers: ServerProcess[] = [];
  try {
    await Promise.all([postgres.start(), redis.start()]);
    for (let count = 0; count < 2; count++) {
      const options = { databaseUrl: postgres.url, redisUrl: redis.url };
      servers.push(await ServerProcess.create(options));
      await servers.at(-1)!.start();
    }
    return await runPlans({ servers, postgres, redis }, onOutage);
  } finally {
    await Promise.all(servers.map((server) => server.kill()));
    await Promise.all([postgres.remove(), redis.remove()]);
  }
}

async function runPlans(
  processes: Processes,
  onOutage: (outage: Outage) => void,
): Promise<OutageReport> {
  const { servers, postgres, redis } = processes;
  const urls = servers.map(({ url }) => url);
  const load = await Load.prepare({
    urls,
    clients: CLIENTS,
    chatsPerClient: CHATS_PER_CLIENT,
    random: randomFrom(1),
  });
  const observer = await register(urls[0]!);
  try {
    load.start();
    const outages: Outage[] = [];
    for (const plan of plans(processes)) {
      await delay(BETWEEN_MS);
      outages.push(await runOutage(plan, load, urls, observer));
      onOutage(outages.at(-1)!);
      for (const server of servers) assertRunning(server);
    }
    const wasSettled = await load.settle(postgres.url, TIMEOUT_SECONDS);
    const quietChat = await writeIntoQuietChat(load, redis);
    const isSettled = await load.settle(postgres.url, TIMEOUT_SECONDS);
    const violations = findViolations(await readContents(postgres.url), load.clients);
    if (!wasSettled || !isSettled) violations.others.push("not all messages arrived");
    violations.others.push(...outages.flatMap(({ unexpected }) => unexpected));
    for (const server of servers) assertRunning(server);
    return { ...violations, outages, quietChat, acknowledged: load.acknowledged };
  } finally {
    load.stop();
  }
}

function assertRunning({ hasCrashed, lastOutput }: ServerProcess): void {
  if (hasCrashed) throw new Error(`a server crashed. ${lastOutput}`);
}

function plans({ postgres, redis }: Processes): Plan[] {
  const startBoth = () => Promise.all([postgres.start(), redis.start()]).then(() => {});
  const stopBoth = () => Promise.all([postgres.stop("immediate"), redis.kill()]).then(() => {});
  const startPostgres = () => postgres.start();
  return [
    {
      name: "PostgreSQL crashes",
      ms: 1500,
      hasEffect: ({ failures }) => failures > 0,
      begin: () => postgres.stop("immediate"),
      end: startPostgres,
    },
    {
      name: "PostgreSQL restarts",
      ms: 0,
      begin: () => postgres.stop("fast"),
      end: startPostgres,
    },
    {
      name: "Redis is killed",
      ms: 2500,
      hasEffect: ({ acknowledged }) => acknowledged > 0,
      begin: () => redis.kill(),
      end: () => redis.start(),
    },
    { name: "both are stopped", ms: 1500, begin: stopBoth, end: startBoth },
  ];
}
