import { Redis } from "ioredis";
import type { Logger } from "pino";

/** Milliseconds that a command waits for Redis. */
const COMMAND_TIMEOUT = 500;
/** Milliseconds without an answer after which the client reconnects. */
const SOCKET_TIMEOUT = 3000;
const RECONNECT_DELAY = 500;

const CONNECTION = {
  connectTimeout: 2000,
  socketTimeout: SOCKET_TIMEOUT,
  retryStrategy: () => RECONNECT_DELAY,
};

/** Connections to a Redis that may be unreachable. Commands fail immediately instead of waiting for a reconnection. */
export class RedisLink {
  readonly #commands: Redis;
  readonly #subscriber: Redis;
  readonly #channel: string;
  readonly #log: Logger;
  /** Whether Redis answered the last command. If not, `run` skips commands. */
  #isUp = false;

  constructor(url: string, channel: string, log: Logger) {
    this.#channel = channel;
    this.#log = log;
    this.#commands = new Redis(url, {
      ...CONNECTION,
      commandTimeout: COMMAND_TIMEOUT,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
    });
    this.#subscriber = new Redis(url, { ...CONNECTION, maxRetriesPerRequest: null });
    // Ignore the events: `run` and `probe` log the failure once.
    this.#commands.on("error", () => {});
    this.#subscriber.on("error", () => {});
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Subscribes to published frames. The client subscribes again after each reconnection. */
  subscribe(onFrame: (frame: Buffer) => void): void {
    this.#subscriber.on("messageBuffer", (_, frame) => onFrame(frame));
    this.#subscriber.subscribe(this.#channel).catch(() => {});
  }

  resubscribe(): void {
    this.#subscriber.disconnect(true);
  }

  /** Runs `work`, or `otherwise` if Redis is unreachable. */
  async run<Result>(
    work: (redis: Redis) => Promise<Result>,
    otherwise: () => Result | Promise<Result>,
  ): Promise<Result> {
    if (!this.#isUp) return otherwise();
    try {
      return await work(this.#commands);
    } catch (error) {
      this.#markDown(error);
      return otherwise();
    }
  }

  /** Runs `work` even if Redis was unreachable. Returns whether it succeeded. */
  async probe(work: (redis: Redis) => Promise<void>): Promise<boolean> {
    try {
      await work(this.#commands);
      return true;
    } catch (error) {
      this.#markDown(error);
      return false;
    }
  }

  /** Marks Redis as reachable, so that `run` uses it again. */
  markUp(): void {
    if (!this.#isUp) this.#log.info("Redis is reachable");
    this.#isUp = true;
  }

  /** Publishes a frame. The frame is lost if the connection is down. */
  publish(frame: Buffer): void {
    if (this.#commands.status !== "ready") return;
    this.#commands.publish(this.#channel, frame).catch(() => {});
  }

  async close(): Promise<void> {
    this.#subscriber.disconnect();
    // QUIT waits for the frames published before.
    await this.#commands.quit().catch(() => {});
    this.#commands.disconnect();
  }

  #markDown(error: unknown): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    const { message } = error as Error;
    this.#log.warn({ reason: message }, "Redis does not answer: this instance runs alone");
  }
}
