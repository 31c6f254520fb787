import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServerProcess as Process } from "../../server/harness/processes/server-process.js";

/** A server in a process of its own, with an SQLite database. It can be killed and started again on the same port. */
export class ServerProcess {
  readonly #folder = mkdtempSync(join(tmpdir(), "lacre-server-test-"));
  readonly databasePath = join(this.#folder, "server.db");
  #process: Process | undefined;

  get url(): string {
    return this.#process!.url;
  }

  async start(): Promise<void> {
    this.#process ??= await Process.create({ databaseUrl: `sqlite:///${this.databasePath}` });
    await this.#process.start();
  }

  /** Kills the server with SIGKILL, so that it cannot close its connections properly. */
  async kill(): Promise<void> {
    await this.#process!.kill();
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true });
  }
}
