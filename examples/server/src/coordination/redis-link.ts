import { Redis } from "ioredis";
import type { Logger } from "pino";

/** How long a request waits for Redis, in milliseconds. */
const COMMAND_TIMEOUT = 500;
/** How long a connection may owe an answer before it is made anew, in milliseconds. */
const SOCKET_TIMEOUT = 3000;
const RECONNECT_DELAY = 500;

const CONNECTION = {
  connectTimeout: 2000,
  socketTimeout: SOCKET_TIMEOUT,
  retryStrategy: () => RECONNECT_DELAY,
};

/** The connections to a Redis that may be away: no command waits for it to come back. */
export class RedisLink {
  readonly #commands: Redis;
  readonly #subscriber: Redis;
  readonly #channel: string;
  readonly #log: Logger;
  /** Whether commands are worth their time. */
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
    // What this comes to is said once, by `probe`.
    this.#commands.on("error", () => {});
    this.#subscriber.on("error", () => {});
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Hears what is published from now on, and after each time that the connection was lost. */
  subscribe(hear: (frame: Buffer) => void): void {
    this.#subscriber.on("messageBuffer", (_, frame) => hear(frame));
    this.#subscriber.subscribe(this.#channel).catch(() => {});
  }

  resubscribe(): void {
    this.#subscriber.disconnect(true);
  }

  /** Does `work`, or what is done without Redis. */
  async run<Result>(
    work: (redis: Redis) => Promise<Result>,
    otherwise: () => Result | Promise<Result>,
  ): Promise<Result> {
    if (!this.#isUp) return otherwise();
    try {
      return await work(this.#commands);
    } catch (error) {
      this.#lost(error);
      return otherwise();
    }
  }

  /** Does `work` also where Redis was away, to find out whether it is back; whether it is. */
  async probe(work: (redis: Redis) => Promise<void>): Promise<boolean> {
    try {
      await work(this.#commands);
      return true;
    } catch (error) {
      this.#lost(error);
      return false;
    }
  }

  /** Redis is there: what is asked from now on is asked of it. */
  found(): void {
    if (!this.#isUp) this.#log.info("Redis is reachable");
    this.#isUp = true;
  }

  /** It goes out unless the connection is lost, in which case nobody hears it. */
  publish(frame: Buffer): void {
    if (this.#commands.status !== "ready") return;
    this.#commands.publish(this.#channel, frame).catch(() => {});
  }

  async close(): Promise<void> {
    this.#subscriber.disconnect();
    // What was published before goes out before.
    await this.#commands.quit().catch(() => {});
    this.#commands.disconnect();
  }

  #lost(error: unknown): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    const { message } = error as Error;
    this.#log.warn({ reason: message }, "Redis does not answer: this instance is on its own");
  }
}
