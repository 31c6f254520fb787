import { fileURLToPath } from "node:url";
import { until } from "../until.js";
import { Child } from "./child.js";
import { freePort } from "./free-port.js";

/** On a busy machine. */
const START_SECONDS = 120;
const STOP_SECONDS = 10;

export const SERVER = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
/** A server that acknowledges before it commits. */
export const BROKEN_SERVER = fileURLToPath(new URL("../broken-server.ts", import.meta.url));

export interface ServerOptions {
  readonly databaseUrl: string;
  readonly redisUrl?: string;
  readonly program?: string;
  /** Points a second that a user may spend on frames; by default more than any client needs. */
  readonly framesPerSecond?: number;
  readonly nodeOptions?: readonly string[];
  /** The folder of a built page. */
  readonly webRoot?: string;
  /** The path under which a proxy lets clients reach it, such as `/lacre`. */
  readonly basePath?: string;
}

/** A server in a process of its own, which can be killed and started again at the same port. */
export class ServerProcess {
  readonly port: number;
  readonly #options: ServerOptions;
  #child: Child | undefined;

  private constructor(port: number, options: ServerOptions) {
    this.port = port;
    this.#options = options;
  }

  static async create(options: ServerOptions): Promise<ServerProcess> {
    return new ServerProcess(await freePort(), options);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child!.pid;
  }

  /** Whether it ended without having been asked to. */
  get hasDied(): boolean {
    return this.#child?.hasEnded ?? false;
  }

  get lastWords(): string {
    return this.#child?.lastWords ?? "";
  }

  /** Starts it, and waits until it answers. */
  async start(): Promise<void> {
    const { databaseUrl, redisUrl, webRoot, basePath } = this.#options;
    const { program = SERVER, nodeOptions = [], framesPerSecond = 1_000_000 } = this.#options;
    const args = [...nodeOptions, "--import", import.meta.resolve("tsx"), program];
    const child = new Child("the server", process.execPath, args, {
      env: {
        ...process.env,
        DATABASE_URL: databaseUrl,
        REDIS_URL: redisUrl,
        WEB_ROOT: webRoot,
        BASE_PATH: basePath,
        SERVER_HOST: "127.0.0.1",
        SERVER_PORT: String(this.port),
        LOG_LEVEL: "warn",
        RATE_LIMIT_AUTH: "1000000",
        RATE_LIMIT_USER: "1000000",
        RATE_LIMIT_FRAMES: String(framesPerSecond),
      },
    });
    this.#child = child;
    const isUp = await until(async () => child.hasEnded || (await this.#answers()), START_SECONDS);
    if (!isUp || child.hasEnded) {
      await child.end("SIGKILL");
      throw new Error(`the server does not start. ${child.lastWords}`);
    }
  }

  /** As a machine that loses its power: nobody is told. */
  async kill(): Promise<void> {
    await this.#child?.end("SIGKILL");
    this.#child = undefined;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    const patience = setTimeout(() => child?.end("SIGKILL"), STOP_SECONDS * 1000);
    await child?.end("SIGTERM");
    clearTimeout(patience);
  }

  async #answers(): Promise<boolean> {
    try {
      const response = await fetch(`${this.url}/health`);
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }
}
