import { fileURLToPath } from "node:url";
import { until } from "../until.js";
import { Child } from "./child.js";
import { freePort } from "./free-port.js";

/** Enough for a busy machine. */
const START_SECONDS = 120;
const STOP_SECONDS = 10;

export const SERVER = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
/** A server that acknowledges messages before it commits them. */
export const BROKEN_SERVER = fileURLToPath(new URL("../broken-server.ts", import.meta.url));

export interface ServerOptions {
  readonly databaseUrl: string;
  readonly redisUrl?: string;
  readonly program?: string;
  /** Limit of points a second for frames of one user. By default higher than any client needs. */
  readonly framesPerSecond?: number;
  readonly nodeOptions?: readonly string[];
  /** Folder of the built web client. */
  readonly webRoot?: string;
  /** Public path of the server behind a proxy, such as `/lacre`. */
  readonly basePath?: string;
}

/** Runs the server in a child process. It can be killed and restarted on the same port. */
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

  /** Whether the process ended without `stop` or `kill`. */
  get hasCrashed(): boolean {
    return this.#child?.hasEnded ?? false;
  }

  get lastOutput(): string {
    return this.#child?.lastOutput ?? "";
  }

  /** Starts the server and waits until it answers requests. */
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
      throw new Error(`the server does not start. ${child.lastOutput}`);
    }
  }

  /** Kills the process with SIGKILL, so that it cannot close any connection or file. */
  async kill(): Promise<void> {
    await this.#child?.end("SIGKILL");
    this.#child = undefined;
  }

  /** Stops the process with SIGTERM, and kills it if it does not end within 10 seconds. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    const timer = setTimeout(() => child?.end("SIGKILL"), STOP_SECONDS * 1000);
    await child?.end("SIGTERM");
    clearTimeout(timer);
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
