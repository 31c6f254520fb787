import type { ContractTarget } from "lacre/testing";
import { WebSocket } from "ws";
import type { DatabaseKind } from "../../harness/processes/database.js";
import { readConfig } from "../../src/config.js";
import { createLog } from "../../src/log.js";
import { type RunningServer, startServer } from "../../src/server.js";
import { createDatabase, type ScratchDatabase, urlOf } from "../storage/databases.js";

/** The suite sends more requests a minute than one user or address may. */
const WITHOUT_LIMITS = {
  RATE_LIMIT_AUTH: "1000000",
  RATE_LIMIT_USER: "1000000",
  RATE_LIMIT_FRAMES: "1000000",
};

/** Runs our server on a database of its own, as a target of the contract suite. */
export class ContractServer implements ContractTarget {
  readonly #kind: DatabaseKind;
  #database: ScratchDatabase | undefined;
  #running: RunningServer | undefined;

  constructor(kind: DatabaseKind) {
    this.#kind = kind;
  }

  /** Seconds, enough for a busy machine. */
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
