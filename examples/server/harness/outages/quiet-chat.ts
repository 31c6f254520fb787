import type { Client } from "../client/client.js";
import type { Load } from "../load.js";
import type { RedisProcess } from "../processes/redis-process.js";
import { until } from "../until.js";

/** Delivery times, in seconds, of single messages to a reader at another server. Undefined after a timeout. */
export interface QuietChat {
  /** For a message written during the outage of Redis: time from the restart of Redis. */
  readonly writtenWithoutRedis: number | undefined;
  /** For a message written after the restart. */
  readonly writtenAfterwards: number | undefined;
}

const TIMEOUT_SECONDS = 120;

/** Writes to a chat without other traffic, so that no later message can reveal to the reader that one is missing. */
export async function writeIntoQuietChat(load: Load, redis: RedisProcess): Promise<QuietChat> {
  const [writer, reader, chat] = await findMembersOnDifferentServers(load);
  await redis.kill();
  const first = writer.write(chat).client_id;
  await until(() => writer.record.sent.has(first), TIMEOUT_SECONDS);
  await redis.start();
  const writtenWithoutRedis = await timeTo(() => hasReceived(reader, first));
  const second = writer.write(chat).client_id;
  const writtenAfterwards = await timeTo(() => hasReceived(reader, second));
  return { writtenWithoutRedis, writtenAfterwards };
}

const MAX_RECONNECTS = 10;

/** Returns two members of one chat that are connected to different servers. Reconnects clients until there are any. */
async function findMembersOnDifferentServers(
  load: Load,
): Promise<readonly [Client, Client, number]> {
  for (let count = 0; count < MAX_RECONNECTS; count++) {
    const found = membersOnDifferentServers(load);
    if (found) return found;
    // A client connects to the next server each time.
    const client = load.clients[count % load.clients.length]!;
    client.kill();
    client.start();
    await until(() => client.isOnline, TIMEOUT_SECONDS);
  }
  throw new Error("no two members of a chat are connected to different servers");
}

function membersOnDifferentServers({
  clients,
}: Load): readonly [Client, Client, number] | undefined {
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
  const isMet = await until(condition, TIMEOUT_SECONDS);
  return isMet ? (performance.now() - begun) / 1000 : undefined;
}
