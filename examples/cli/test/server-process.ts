import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A server in a process of its own. It can be killed and started again on the same port. */
export class ServerProcess {
  readonly #folder = mkdtempSync(join(tmpdir(), "lacre-server-test-"));
  readonly databasePath = join(this.#folder, "server.db");
  #child: ChildProcess | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const main = fileURLToPath(new URL("../../server/src/main.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), main], {
      env: {
        ...process.env,
        DATABASE_URL: `sqlite:///${this.databasePath}`,
        SERVER_PORT: String(this.#port),
        // The tests log in more often than the default limit allows.
        RATE_LIMIT_AUTH: "100000",
      },
    });
    this.#child = child;
    let log = "";
    while (!/"url":"[^"]*:(\d+)"/.test(log)) log += (await once(child.stdout, "data"))[0];
    this.#port = Number(/"url":"[^"]*:(\d+)"/.exec(log)![1]);
    child.stdout.resume();
  }

  /** Kills the server with SIGKILL, so that it cannot close its connections properly. */
  async kill(): Promise<void> {
    const ended = once(this.#child!, "exit");
    this.#child!.kill("SIGKILL");
    await ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true });
  }
}
