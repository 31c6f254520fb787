import type { Client } from "../client/client.js";
import type { Load } from "../load.js";
import type { RedisProcess } from "../processes/redis-process.js";
import { until } from "../until.js";

/** How long single messages took to their readers at another server, in seconds; undefined where they never came. */
export interface QuietChat {
  /** One that was written while Redis was gone: from when it was back. */
  readonly writtenWithoutRedis: number | undefined;
  /** One that was written when it was back. */
  readonly writtenAfterwards: number | undefined;
}

const PATIENCE_SECONDS = 120;

/** Writes to a chat in which nothing else happens that could tell its reader that something is missing. */
export async function writeIntoQuietChat(load: Load, redis: RedisProcess): Promise<QuietChat> {
  const [writer, reader, chat] = await findStrangers(load);
  await redis.kill();
  const first = writer.write(chat).client_id;
  await until(() => writer.record.sent.has(first), PATIENCE_SECONDS);
  await redis.start();
  const writtenWithoutRedis = await timeTo(() => hasReceived(reader, first));
  const second = writer.write(chat).client_id;
  const writtenAfterwards = await timeTo(() => hasReceived(reader, second));
  return { writtenWithoutRedis, writtenAfterwards };
}

const MOVES = 10;

/** Two members of one chat who are connected to different servers. */
async function findStrangers(load: Load): Promise<readonly [Client, Client, number]> {
  for (let move = 0; move < MOVES; move++) {
    const found = strangersOf(load);
    if (found) return found;
    // Its next connection is to another server than its last one.
    const client = load.clients[move % load.clients.length]!;
    client.kill();
    client.start();
    await until(() => client.isOnline, PATIENCE_SECONDS);
  }
  throw new Error("nobody is connected to the other server");
}

function strangersOf({ clients }: Load): readonly [Client, Client, number] | undefined {
  for (const writer of clients.filter(({ isOnline }) => isOnline)) {
    for (const chat of writer.chats) {
      const reader = clients.find(
        (other) => other.isOnline && other.url !== writer.url && other.chats.includes(chat),
      );
      if (reader) return [writer, reader, chat];
    }
  }
  return undefined;
}

function hasReceived({ record }: Client, clientId: string): boolean {
  return record.received.some(({ client_id }) => client_id === clientId);
}

async function timeTo(condition: () => boolean): Promise<number | undefined> {
  const begun = performance.now();
  const isMet = await until(condition, PATIENCE_SECONDS);
  return isMet ? (performance.now() - begun) / 1000 : undefined;
}
