import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { serve, type WebSocketServerLike } from "@hono/node-server";
import type { Logger } from "pino";
import { WebSocketServer } from "ws";
import { createApp } from "./app.js";
import type { Config } from "./config.js";
import { openCoordination } from "./coordination/open-coordination.js";
import { migrate } from "./database/migrator.js";
import { openDatabase } from "./database/open-database.js";
import { Store } from "./database/store.js";
import { Metrics } from "./http/metrics.js";
import { Passwords } from "./identity/passwords.js";
import { loadSessionSecret } from "./identity/session-secret.js";
import { Sessions } from "./identity/sessions.js";
import { SigningKeys } from "./identity/signing-keys.js";
import { Tokens } from "./identity/tokens.js";
import { Live } from "./live/live.js";
import { PACE } from "./live/pace.js";

const MAX_FRAME_BYTES = 1024 * 1024;

/** How long a client may take to say what it wants, in milliseconds. */
const SLOW_CLIENTS = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: 5000,
  maxHeaderSize: 16_384,
};

/** For clients to answer that the connection closes. */
const CLOSING_PATIENCE_MS = 2000;

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
  await migrate(config.database);
  const db = openDatabase(config.database, (error) => {
    log.warn({ code: Reflect.get(error, "code"), reason: error.message }, "database trouble");
  });
  const store = new Store(db);
  const secret = config.serverSecret ?? (await loadSessionSecret(store));
  const coordination = await openCoordination(config.redisUrl, secret, log);
  const signingKeys = await SigningKeys.open(store);
  const sessions = new Sessions(store, new Tokens(signingKeys), coordination, secret);
  const live = new Live(store, log, pace);
  const metrics = new Metrics();
  const passwords = new Passwords();
  const app = createApp({
    config,
    store,
    coordination,
    passwords,
    sessions,
    signingKeys,
    live,
    metrics,
    log,
  });

  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  const http = serve({
    fetch: app.fetch,
    hostname: config.host,
    port: config.port,
    serverOptions: SLOW_CLIENTS,
    websocket: { server: sockets as WebSocketServerLike },
  });
  await once(http, "listening");
  const { address, family, port } = http.address() as AddressInfo;

  let closing: Promise<void> | undefined;
  const close = async () => {
    const closed = once(http, "close");
    http.close();
    await live.close();
    if ("closeIdleConnections" in http) http.closeIdleConnections();
    const patience = setTimeout(() => {
      terminate(sockets);
      if ("closeAllConnections" in http) http.closeAllConnections();
    }, CLOSING_PATIENCE_MS);
    await closed;
    clearTimeout(patience);
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

function terminate({ clients }: WebSocketServer): void {
  for (const client of clients) client.terminate();
}
