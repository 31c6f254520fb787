import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../until.js";
import { Child } from "./child.js";
import { freePort } from "./free-port.js";
import { isListening } from "./listening.js";
import { programPath } from "./programs.js";

const START_SECONDS = 10;

const redisProgram = programPath("redis-server");

export const isRedisInstalled = redisProgram !== undefined;

/** A Redis server for one test. It loses all data when it is killed. */
export class RedisProcess {
  readonly url: string;
  readonly #port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), "lacre-redis-"));
  #child: Child | undefined;

  private constructor(port: number) {
    this.#port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async create(): Promise<RedisProcess> {
    return new RedisProcess(await freePort());
  }

  async start(): Promise<void> {
    const args = ["--port", String(this.#port), "--bind", "127.0.0.1", "--dir", this.#folder];
    const child = new Child("redis", redisProgram!, [...args, "--save", ""], {});
    this.#child = child;
    const isUp = await until(() => child.hasEnded || isListening(this.#port), START_SECONDS);
    if (!isUp || child.hasEnded) throw new Error(`redis does not start. ${child.lastOutput}`);
  }

  /** Suspends the process: it answers no command and closes no connection. */
  freeze(): void {
    this.#child!.process.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child!.process.kill("SIGCONT");
  }

  async kill(): Promise<void> {
    await this.#child?.end("SIGKILL");
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true });
  }
}
