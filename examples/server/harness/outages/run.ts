import { setTimeout as delay } from "node:timers/promises";
import { randomFrom } from "../../../../test/support/random.js";
import { register } from "../client/accounts.js";
import { Load } from "../load.js";
import { isPostgresInstalled, PostgresProcess } from "../processes/postgres-process.js";
import { isRedisInstalled, RedisProcess } from "../processes/redis-process.js";
import { ServerProcess } from "../processes/server-process.js";
import { readContents } from "../verify/contents.js";
import { type Broken, findBroken } from "../verify/promises.js";
import { type Outage, type Plan, suffer } from "./outage.js";
import { type QuietChat, writeIntoQuietChat } from "./quiet-chat.js";

export const canRunOutages = isPostgresInstalled && isRedisInstalled;

export interface OutageReport extends Broken {
  readonly outages: readonly Outage[];
  readonly acknowledged: number;
  readonly quietChat: QuietChat;
}

const CLIENTS = 8;
const REACH = 2;
const BETWEEN_MS = 500;
const PATIENCE_SECONDS = 120;

interface Stage {
  readonly servers: readonly ServerProcess[];
  readonly postgres: PostgresProcess;
  readonly redis: RedisProcess;
}

/** Takes PostgreSQL and Redis away from two servers under load, and gives them back. */
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
    return await play({ servers, postgres, redis }, onOutage);
  } finally {
    await Promise.all(servers.map((server) => server.kill()));
    await Promise.all([postgres.remove(), redis.remove()]);
  }
}

async function play(stage: Stage, onOutage: (outage: Outage) => void): Promise<OutageReport> {
  const { servers, postgres, redis } = stage;
  const urls = servers.map(({ url }) => url);
  const load = await Load.prepare({ urls, clients: CLIENTS, reach: REACH, random: randomFrom(1) });
  const asking = await register(urls[0]!);
  try {
    load.start();
    const outages: Outage[] = [];
    for (const plan of plans(stage)) {
      await delay(BETWEEN_MS);
      outages.push(await suffer(plan, load, urls, asking));
      onOutage(outages.at(-1)!);
      for (const server of servers) assertRunning(server);
    }
    const wasSettled = await load.settle(postgres.url, PATIENCE_SECONDS);
    const quietChat = await writeIntoQuietChat(load, redis);
    const isSettled = await load.settle(postgres.url, PATIENCE_SECONDS);
    const broken = findBroken(await readContents(postgres.url), load.clients);
    if (!wasSettled || !isSettled) broken.others.push("not everything arrived");
    broken.others.push(...outages.flatMap(({ surprises }) => surprises));
    for (const server of servers) assertRunning(server);
    return { ...broken, outages, quietChat, acknowledged: load.acknowledged };
  } finally {
    load.stop();
  }
}

function assertRunning({ hasDied, lastWords }: ServerProcess): void {
  if (hasDied) throw new Error(`a server ended by itself. ${lastWords}`);
}

function plans({ postgres, redis }: Stage): Plan[] {
  const startBoth = () => Promise.all([postgres.start(), redis.start()]).then(() => {});
  const stopBoth = () => Promise.all([postgres.stop("immediate"), redis.kill()]).then(() => {});
  const startPostgres = () => postgres.start();
  return [
    {
      name: "PostgreSQL crashes",
      ms: 1500,
      shows: ({ failures }) => failures > 0,
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
      name: "Redis is gone",
      ms: 2500,
      shows: ({ acknowledged }) => acknowledged > 0,
      begin: () => redis.kill(),
      end: () => redis.start(),
    },
    { name: "both are gone", ms: 1500, begin: stopBoth, end: startBoth },
  ];
}
