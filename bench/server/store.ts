import { randomBytes, randomUUID } from "node:crypto";
import {
  createDatabase,
  type DatabaseKind,
  isPostgresAvailable,
} from "../../examples/server/harness/processes/database.js";
import { readDatabaseConfig } from "../../examples/server/src/database/database-config.js";
import { type Chat, memberIds } from "../../examples/server/src/database/members.js";
import { migrate } from "../../examples/server/src/database/migrator.js";
import { openDatabase } from "../../examples/server/src/database/open-database.js";
import { Store } from "../../examples/server/src/database/store.js";
import { AppendQueue } from "../../examples/server/src/messages/append-queue.js";

const CHATS = 50;
const WARM_UP = 2000;

// Stores messages of 144 bytes in many chats, without a server process: `npm run build && node --import tsx bench/server/store.ts`.
const kinds: DatabaseKind[] = (await isPostgresAvailable()) ? ["sqlite", "postgresql"] : ["sqlite"];
for (const kind of kinds) {
  const database = await createDatabase(kind);
  const config = readDatabaseConfig({ DATABASE_URL: database.url });
  await migrate(config);
  const store = new Store(openDatabase(config));
  const chats = await createChats(store);
  await measure(store, chats, { inFlight: 100, count: WARM_UP });
  for (const load of [
    { inFlight: 1, count: kind === "sqlite" ? 5000 : 1000 },
    { inFlight: 100, count: kind === "sqlite" ? 50_000 : 10_000 },
  ]) {
    const { rate, cpu } = await measure(store, chats, load);
    console.log(`${kind}, ${load.inFlight} in flight: ${rate} messages/s, ${cpu} µs of CPU each`);
  }
  await store.close();
  await database.remove();
}

async function createChats(store: Store): Promise<Chat[]> {
  const created_at = Date.now() / 1000;
  const ids: number[] = [];
  for (let index = 0; index < 2 * CHATS; index++) {
    const name = `user${index}`;
    const user = { uuid: randomUUID(), username: name, username_key: name, hashed_password: "-" };
    ids.push((await store.users.create({ ...user, created_at }, [name]))!.id);
  }
  const chats: Chat[] = [];
  for (let index = 0; index < ids.length; index += 2) {
    const members = { created_by: ids[index]!, peer_id: ids[index + 1]! };
    chats.push(
      (await store.chats.create({
        ...members,
        chat_uuid: randomUUID(),
        auto_delete_hours: null,
        encryption_type: "-",
        created_at,
      }))!,
    );
  }
  return chats;
}

async function measure(
  store: Store,
  chats: readonly Chat[],
  { inFlight, count }: { readonly inFlight: number; readonly count: number },
): Promise<{ rate: number; cpu: number }> {
  const messages = Array.from({ length: count }, (_, index) => {
    const chat = chats[index % CHATS]!;
    const [one, other] = memberIds(chat) as [number, number];
    return {
      chat_id: chat.id,
      sender_id: index % 3 === 0 ? one : other,
      content: new Uint8Array(randomBytes(144)),
      nonce: new Uint8Array(randomBytes(12)),
      timestamp: Date.now() / 1000,
      client_id: randomUUID(),
    };
  });
  const queue = new AppendQueue(store);
  let next = 0;
  const sender = async () => {
    while (next < count) await queue.add(messages[next++]!);
  };
  const start = performance.now();
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: inFlight }, sender));
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - start) / 1000;
  return { rate: Math.round(count / seconds), cpu: Math.round((user + system) / count) };
}
