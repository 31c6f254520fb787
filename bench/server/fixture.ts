import {
  type Account,
  createChat,
  register,
} from "../../examples/server/harness/client/accounts.js";
import {
  createDatabase,
  type DatabaseKind,
  type ScratchDatabase,
} from "../../examples/server/harness/processes/database.js";
import { ServerProcess } from "../../examples/server/harness/processes/server-process.js";
import type { PeerPlan } from "./load/peer.js";

/** Number of users that register concurrently. */
const AT_ONCE = 4;

/** A database with users and chats, and the clients that connect as these users. */
export interface Fixture {
  readonly database: ScratchDatabase;
  readonly peers: readonly PeerPlan[];
}

/** Registers users, and creates chats between neighbours at most `reach` apart, or in pairs if `reach` is 0. */
export async function prepareFixture(
  kind: DatabaseKind,
  { clients, reach }: { readonly clients: number; readonly reach: number },
): Promise<Fixture> {
  const database = await createDatabase(kind);
  const server = await ServerProcess.create({ databaseUrl: database.url });
  await server.start();
  const accounts: Account[] = [];
  while (accounts.length < clients) {
    const next = Array.from({ length: AT_ONCE }, () => register(server.url));
    accounts.push(...(await Promise.all(next)));
  }
  const chats = accounts.map((): { chat_id: number; peer_id: number }[] => []);
  for (const [at, other] of neighbours(clients, reach)) {
    const chat_id = await createChat(server.url, accounts[at]!, accounts[other]!);
    chats[at]!.push({ chat_id, peer_id: accounts[other]!.user_id });
    chats[other]!.push({ chat_id, peer_id: accounts[at]!.user_id });
  }
  await server.stop();
  const peers = accounts.slice(0, clients).map(({ user_id, access_token, session_key }, at) => ({
    user_id,
    access_token,
    session_key,
    chats: chats[at]!,
  }));
  return { database, peers };
}

/**
 * Returns the indices of users with a common chat: pairs if `reach` is 0, else a ring with `reach` neighbours on each side.
 */
function neighbours(clients: number, reach: number): [number, number][] {
  if (reach === 0) {
    return Array.from({ length: clients / 2 }, (_, pair) => [2 * pair, 2 * pair + 1]);
  }
  return Array.from({ length: clients }, (_, at) => at).flatMap((at) =>
    Array.from({ length: reach }, (_, step): [number, number] => [at, (at + step + 1) % clients]),
  );
}
