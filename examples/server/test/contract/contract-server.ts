import type { ContractTarget } from "lacre/testing";
import { WebSocket } from "ws";
import type { DatabaseKind } from "../../harness/processes/database.js";
import { readConfig } from "../../src/config.js";
import { createLog } from "../../src/log.js";
import { type RunningServer, startServer } from "../../src/server.js";
import { createDatabase, type ScratchDatabase, urlOf } from "../storage/databases.js";

/** What the suite asks for in a minute is more than a user or an address would. */
const WITHOUT_LIMITS = {
  RATE_LIMIT_AUTH: "1000000",
  RATE_LIMIT_USER: "1000000",
  RATE_LIMIT_FRAMES: "1000000",
};

/** The real server on a database of its own, as a target of the contract suite. */
export class ContractServer implements ContractTarget {
  readonly #kind: DatabaseKind;
  #database: ScratchDatabase | undefined;
  #running: RunningServer | undefined;

  constructor(kind: DatabaseKind) {
    this.#kind = kind;
  }

  /** For a machine that does much else. */
  readonly timeout = 30;

  fetch = (path: string, init?: RequestInit) => fetch(`${this.#running!.url}${path}`, init);
  connect = (path: string) => new WebSocket(`${this.#running!.url}${path}`);

  async start(): Promise<void> {
    this.#database = await createDatabase(this.#kind);
    const env = { SERVER_PORT: "0", DATABASE_URL: urlOf(this.#database.config), ...WITHOUT_LIMITS };
    this.#running = await startServer(readConfig(env), createLog("silent"));
  }

  async remove(): Promise<void> {
    await this.#running?.close();
    await this.#database?.remove();
  }
}
