import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A server in a process of its own, which can be killed and started again at the same port. */
export class ServerProcess {
  readonly #databasePath: string;
  #child: ChildProcess | undefined;
  #port = 0;

  constructor(databasePath: string) {
    this.#databasePath = databasePath;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const main = fileURLToPath(new URL("../../server/src/main.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), main], {
      env: {
        ...process.env,
        DATABASE_URL: `sqlite:///${this.#databasePath}`,
        SERVER_PORT: String(this.#port),
        // A file of tests logs in more often than a person.
        RATE_LIMIT_AUTH: "100000",
      },
    });
    this.#child = child;
    let said = "";
    while (!/"url":"[^"]*:(\d+)"/.test(said)) said += (await once(child.stdout, "data"))[0];
    this.#port = Number(/"url":"[^"]*:(\d+)"/.exec(said)![1]);
    child.stdout.resume();
  }

  /** As a machine that loses its power: nobody is told. */
  async kill(): Promise<void> {
    const ended = once(this.#child!, "exit");
    this.#child!.kill("SIGKILL");
    await ended;
  }
}
