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
import { Live } from "./live/live.js";
import { PACE } from "./live/pace.js";
import { Sweeper } from "./messages/sweeper.js";

/** For clients to answer that the connection closes, and for requests to be finished, in milliseconds. */
const CLOSING_PATIENCE = 5000;

export interface RunningServer {
  readonly url: string;
  /** Stops accepting, finishes what came in, and lets go of the database. */
  close(): Promise<void>;
}

/** Opens the database, builds the server and lets it listen. */
export async function startServer(
  config: Config,
  log: Logger,
  pace = PACE,
): Promise<RunningServer> {
  const metrics = new Metrics();
  await migrate(config.database);
  const db = openDatabase(config.database, (error) => {
    metrics.databaseFailures.inc();
    log.warn({ code: Reflect.get(error, "code"), reason: error.message }, "database trouble");
  });
  const store = new Store(db);
  const secret = config.serverSecret ?? (await loadSessionSecret(store));
  const coordination = await openCoordination(config.redisUrl, secret, log);
  const signingKeys = await SigningKeys.open(store);
  const sessions = new Sessions(store, new Tokens(signingKeys), coordination, secret);
  const shared = { config, store, coordination, sessions, metrics, log };
  const live = new Live(shared, pace);
  const app = createApp({ ...shared, passwords: new Passwords(), signingKeys, live });

  const http = new HttpServer(app);
  http.node.listen(config.port, config.host);
  await once(http.node, "listening");
  const { address, family, port } = http.node.address() as AddressInfo;

  const sweeper = new Sweeper(store, log);
  sweeper.start();

  let closing: Promise<void> | undefined;
  const close = async () => {
    const patience = setTimeout(() => http.terminate(), CLOSING_PATIENCE);
    await Promise.all([http.close(), live.close()]);
    clearTimeout(patience);
    await sweeper.stop();
    await coordination.close();
    await store.close();
  };
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    close() {
      closing ??= close();
      return closing;
    },
  };
}
