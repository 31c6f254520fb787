import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { createApp } from "./app.js";
import type { Config } from "./config.js";
import { openCoordination } from "./coordination/open-coordination.js";
import { migrate } from "./database/migrator.js";
import { openDatabase } from "./database/open-database.js";
import { Store } from "./database/store.js";
import { HttpServer } from "./http/http-server.js";
import { Metrics } from "./http/metrics.js";
import { Passwords } from "./identity/passwords.js";
import { loadSessionSecret } from "./identity/session-secret.js";
import { Sessions } from "./identity/sessions.js";
import { SigningKeys } from "./identity/signing-keys.js";
import { Tokens } from "./identity/tokens.js";
import { AppendQueue } from "./messages/append-queue.js";
import { Sweeper } from "./messages/sweeper.js";
import { Hub } from "./websocket/hub.js";
import { DEFAULT_TIMING } from "./websocket/timing.js";

/** Milliseconds to wait for close frames of clients and for pending requests. */
const CLOSE_TIMEOUT_MS = 5000;

export interface RunningServer {
  /** Base URL, including the base path, without a trailing slash. */
  readonly url: string;
  /** Stops accepting connections, finishes pending work and closes the database. */
  close(): Promise<void>;
}

/** Opens the database, creates the server and starts listening. */
export async function startServer(
  config: Config,
  log: Logger,
  timing = DEFAULT_TIMING,
): Promise<RunningServer> {
  const metrics = new Metrics();
  await migrate(config.database);
  const db = openDatabase(config.database, (error) => {
    metrics.databaseFailures.inc();
    log.warn(
      { code: Reflect.get(error, "code"), reason: error.message },
      "database connection failed",
    );
  });
  const store = new Store(db);
  const secret = config.serverSecret ?? (await loadSessionSecret(store));
  const coordination = await openCoordination(config.redisUrl, secret, log);
  const signingKeys = await SigningKeys.open(store);
  const sessions = new Sessions(store, new Tokens(signingKeys), coordination, {
    secret,
    maxSessions: config.maxSessions,
  });
  const appendQueue = new AppendQueue(store, config);
  const shared = { config, store, appendQueue, coordination, sessions, metrics, log };
  const hub = new Hub(shared, timing);
  const app = createApp({ ...shared, passwords: new Passwords(), signingKeys, hub });

  const http = new HttpServer(app);
  http.node.listen(config.port, config.host);
  await once(http.node, "listening");
  const { address, family, port } = http.node.address() as AddressInfo;

  const sweeper = new Sweeper(store, log);
  sweeper.start();

  let closing: Promise<void> | undefined;
  const close = async () => {
    const timeout = setTimeout(() => http.terminate(), CLOSE_TIMEOUT_MS);
    await Promise.all([http.close(), hub.close()]);
    clearTimeout(timeout);
    await sweeper.stop();
    await coordination.close();
    await store.close();
  };
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}${config.basePath}`,
    close() {
      closing ??= close();
      return closing;
    },
  };
}
