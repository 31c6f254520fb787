import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { serve, type WebSocketServerLike } from "@hono/node-server";
import type { Logger } from "pino";
import { WebSocketServer } from "ws";
import { createApp } from "./app.js";
import type { Config } from "./config.js";
import { migrate, openDatabase } from "./database/open-database.js";
import { Store } from "./database/store.js";
import { AccessTokens } from "./identity/access-tokens.js";
import { Passwords } from "./identity/passwords.js";
import { loadSessionSecret, loadTokenKey } from "./identity/server-keys.js";
import { Sessions } from "./identity/sessions.js";
import { Live } from "./live/live.js";
import { PACE } from "./live/pace.js";

const MAX_FRAME_BYTES = 1024 * 1024;

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
  const sessions = new Sessions(store, new AccessTokens(await loadTokenKey(store)), secret);
  const live = new Live(store, log, pace);
  const app = createApp({ store, passwords: new Passwords(), sessions, live, log });

  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  const http = serve({
    fetch: app.fetch,
    hostname: config.host,
    port: config.port,
    websocket: { server: sockets as WebSocketServerLike },
  });
  await once(http, "listening");
  const { address, family, port } = http.address() as AddressInfo;

  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    async close() {
      const closed = once(http, "close");
      http.close();
      await live.close();
      if ("closeIdleConnections" in http) http.closeIdleConnections();
      const patience = setTimeout(() => terminate(sockets), CLOSING_PATIENCE_MS);
      await closed;
      clearTimeout(patience);
      await store.close();
    },
  };
}

function terminate({ clients }: WebSocketServer): void {
  for (const client of clients) client.terminate();
}
