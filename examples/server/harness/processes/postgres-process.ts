import { execFileSync } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { until } from "../until.js";
import { Child } from "./child.js";
import { freePort } from "./free-port.js";
import { programPath } from "./programs.js";

const START_SECONDS = 30;

/** Paths of PostgreSQL's programs. Undefined if they are not installed. */
const initdb = programPath("initdb");
const postgres = programPath("postgres");

export const isPostgresInstalled = initdb !== undefined && postgres !== undefined;

/** A PostgreSQL server for one test, which may crash and restart. */
export class PostgresProcess {
  readonly url: string;
  readonly #port: number;
  readonly #folder: string;
  #child: Child | undefined;

  private constructor(port: number, folder: string) {
    this.#port = port;
    this.#folder = folder;
    this.url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  }

  /** Creates an empty database cluster. Does not start the server. */
  static async create(): Promise<PostgresProcess> {
    const folder = mkdtempSync(join(tmpdir(), "lacre-postgres-"));
    const { uid, gid } = owner();
    if (uid !== undefined) chownSync(folder, uid, gid);
    const args = ["-D", join(folder, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8"];
    execFileSync(initdb!, args, { ...owner(), stdio: "ignore", cwd: folder });
    return new PostgresProcess(await freePort(), folder);
  }

  /** Starts the server and waits until it answers queries. */
  async start(): Promise<void> {
    const args = ["-D", join(this.#folder, "data"), "-p", String(this.#port)];
    const settings = ["listen_addresses=127.0.0.1", `unix_socket_directories=${this.#folder}`];
    const child = new Child(
      "postgres",
      postgres!,
      [...args, ...settings.flatMap((setting) => ["-c", setting])],
      { ...owner(), cwd: this.#folder },
    );
    this.#child = child;
    const isUp = await until(async () => child.hasEnded || (await this.#answers()), START_SECONDS);
    if (!isUp || child.hasEnded) throw new Error(`postgres does not start. ${child.lastOutput}`);
  }

  /** `fast` rolls back open transactions and shuts down; `immediate` aborts as a crash does. */
  async stop(mode: "fast" | "immediate"): Promise<void> {
    await this.#child?.end(mode === "fast" ? "SIGINT" : "SIGQUIT");
  }

  async remove(): Promise<void> {
    await this.stop("immediate");
    rmSync(this.#folder, { recursive: true });
  }

  async #answers(): Promise<boolean> {
    const client = new Client({ connectionString: this.url });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.query("SELECT 1");
      await client.end();
      return true;
    } catch {
      return false;
    }
  }
}

/** PostgreSQL does not run as root. */
function owner(): { uid: number; gid: number } | Record<string, never> {
  if (process.getuid!() !== 0) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"]));
  return { uid: id("-u"), gid: id("-g") };
}
