import { hkdfSync, randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { unavailable } from "../errors.js";
import type {
  Allowance,
  Bucket,
  Coordination,
  CoordinationListener,
  Limit,
  PubSubMessage,
} from "./coordination.js";
import { allowance, InProcess } from "./in-process.js";
import { PubSubFrames, type ReceivedFrame } from "./pubsub-frames.js";
import { RedisLink } from "./redis-link.js";
import { BEAT, CONSUME, ENTER, LEAVE, PRESENT, RESTORE, SPEND } from "./redis-scripts.js";
import { SequenceTracker } from "./sequence-tracker.js";

/** Milliseconds between two heartbeats of an instance. */
const BEAT_INTERVAL = 1000;
/** Own heartbeats that an instance may fail to receive before it subscribes again. */
const MISSED_BEATS = 3;
/**
 * Seconds without a heartbeat after which other instances remove an instance, and after which Redis expires its users, and
 * the list of instances, if no other instance runs.
 */
const TIMEOUTS = { goneAfter: 30, usersKept: 60 };
/** Maximum users written by one command. */
const CHUNK = 1000;

/** Coordination of several instances through Redis. If Redis is unreachable, an instance uses its own state only. */
export class RedisCoordination implements Coordination {
  readonly #id = randomUUID();
  readonly #local = new InProcess();
  readonly #sequences = new SequenceTracker();
  readonly #frames: PubSubFrames;
  readonly #link: RedisLink;
  readonly #log: Logger;
  /** Prefix of all keys, derived from the secret, so that servers with different secrets share nothing. */
  readonly #prefix: string;
  readonly #beating: NodeJS.Timeout;
  #beat: Promise<void> | undefined;
  #published = 0;
  #missingBeats = 0;
  readonly #timeouts: typeof TIMEOUTS;

  constructor(url: string, secret: string | Uint8Array, log: Logger, timeouts = TIMEOUTS) {
    this.#timeouts = timeouts;
    const name = Buffer.from(hkdfSync("sha256", secret, "", "lacre-server/redis-prefix", 8));
    // The hash tag in braces keeps all keys in one slot of a Redis cluster.
    this.#prefix = `{lacre:${name.toString("hex")}}:`;
    this.#frames = new PubSubFrames(secret);
    this.#log = log;
    this.#link = new RedisLink(url, `${this.#prefix}announcements`, log);
    this.#link.subscribe((frame) => this.#receive(frame));
    this.#beating = setInterval(() => this.#beatOnce(), BEAT_INTERVAL).unref();
  }

  get isUp(): boolean {
    return this.#link.isUp;
  }

  /** Waits for Redis for up to three heartbeat intervals. */
  async start(): Promise<void> {
    const deadline = performance.now() + 3 * BEAT_INTERVAL;
    while (!this.#link.isUp && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await this.#beatOnce();
    }
    if (this.#link.isUp) return;
    this.#log.warn("Redis does not answer: this instance runs alone until it does");
  }

  publish(message: PubSubMessage): void {
    this.#local.publish(message);
    this.#published += 1;
    this.#link.publish(this.#frames.encode({ ...this.#origin, announcement: message }));
  }

  listen(listener: CoordinationListener): void {
    this.#local.listen(listener);
  }

  async keepTicket(ticket: string, value: string, seconds: number): Promise<void> {
    if (!this.#link.isUp) return this.#local.keepTicket(ticket, value, seconds);
    await this.#link.run<unknown>(
      (redis) => redis.set(`${this.#prefix}ticket:${ticket}`, value, "EX", seconds),
      // Redis may have stored the ticket: a second copy here would make it valid twice.
      () => Promise.reject(unavailable),
    );
  }

  async takeTicket(ticket: string): Promise<string | undefined> {
    const local = await this.#local.takeTicket(ticket);
    if (local !== undefined) return local;
    const value = await this.#link.run(
      (redis) => redis.getdel(`${this.#prefix}ticket:${ticket}`),
      () => null,
    );
    return value ?? undefined;
  }

  consume(limit: Limit, key: string): Promise<Allowance> {
    return this.#link.run(
      async (redis) => {
        const answer = await redis.eval(CONSUME, 1, this.#counter(limit, key), limit.window);
        const [used, milliseconds] = answer as [number, number];
        return allowance(limit.points, used, milliseconds / 1000);
      },
      () => this.#local.consume(limit, key),
    );
  }

  async restore(limit: Limit, key: string): Promise<void> {
    await this.#link.run<unknown>(
      (redis) => redis.eval(RESTORE, 1, this.#counter(limit, key)),
      () => this.#local.restore(limit, key),
    );
  }

  spend(
    { name, perSecond, capacity }: Bucket,
    points: ReadonlyMap<number, number>,
  ): Promise<ReadonlyMap<number, number>> {
    if (points.size === 0) return this.#local.spend();
    const users = [...points.keys()];
    const keys = users.map((userId) => `${this.#prefix}bucket:${name}:${userId}`);
    return this.#link.run(
      async (redis) => {
        const spent = [perSecond, capacity, ...points.values()];
        const left = (await redis.eval(SPEND, keys.length, ...keys, ...spent)) as string[];
        return new Map(left.map((one, index) => [users[index]!, Number(one)] as const));
      },
      () => this.#local.spend(),
    );
  }

  async enter(userId: number): Promise<boolean> {
    const isNew = await this.#local.enter(userId);
    return isNew && !(await this.#isElsewhere(ENTER, userId));
  }

  async leave(userId: number): Promise<boolean> {
    const wasHere = await this.#local.leave(userId);
    return wasHere && !(await this.#isElsewhere(LEAVE, userId));
  }

  present(userIds: readonly number[]): Promise<number[]> {
    return this.#link.run(
      async (redis) => {
        const answer = await redis.eval(PRESENT, 1, this.#instances, this.#usersOf(""), ...userIds);
        return (answer as string[]).map(Number);
      },
      () => this.#local.present(userIds),
    );
  }

  async close(): Promise<void> {
    clearInterval(this.#beating);
    await this.#beat;
    await this.#link.close();
  }

  get #origin() {
    return { instance: this.#id, number: this.#published };
  }

  get #instances(): string {
    return `${this.#prefix}instances`;
  }

  #counter({ name }: Limit, key: string): string {
    return `${this.#prefix}limit:${name}:${key}`;
  }

  #usersOf(instance: string): string {
    return `${this.#prefix}users:${instance}`;
  }

  async #isElsewhere(script: string, userId: number): Promise<boolean> {
    const kept = this.#timeouts.usersKept;
    const keys = [this.#instances, this.#usersOf(this.#id)] as const;
    return this.#link.run(
      async (redis) =>
        (await redis.eval(script, 2, ...keys, ...[this.#id, this.#usersOf(""), userId, kept])) ===
        1,
      () => false,
    );
  }

  #beatOnce(): Promise<void> {
    this.#beat ??= this.#tryBeat().finally(() => {
      this.#beat = undefined;
    });
    return this.#beat;
  }

  async #tryBeat(): Promise<void> {
    const wasUp = this.#link.isUp;
    let absent: number[] = [];
    let isUnknown = false;
    const isBack = await this.#link.probe(async (redis) => {
      const keys = [this.#instances, this.#usersOf(this.#id)] as const;
      const times = [this.#timeouts.goneAfter, this.#timeouts.usersKept] as const;
      const answer = await redis.eval(BEAT, 2, ...keys, this.#id, this.#usersOf(""), ...times);
      const [unknown, users] = answer as [number, string[]];
      absent = users.map(Number);
      isUnknown = unknown === 1;
      if (isUnknown || !wasUp) await this.#writeUsers(redis);
    });
    if (!isBack) return;
    this.#link.publish(this.#frames.encode(this.#origin));
    this.#missingBeats += 1;
    if (this.#missingBeats > MISSED_BEATS) {
      this.#missingBeats = 0;
      this.#log.warn("this instance does not receive its own heartbeats: subscribing again");
      this.#link.resubscribe();
    }
    if (absent.length > 0) this.#notify((listener) => listener.onPresenceChanged(absent, false));
    const own = [...this.#local.users];
    if (isUnknown && own.length > 0)
      this.#notify((listener) => listener.onPresenceChanged(own, true));
  }

  /** Writes this instance's users to Redis. Marks Redis as up first, so that later changes follow this transaction. */
  async #writeUsers(redis: Redis): Promise<void> {
    const key = this.#usersOf(this.#id);
    const transaction = redis.multi().del(key);
    const users = [...this.#local.users];
    for (let at = 0; at < users.length; at += CHUNK) {
      transaction.sadd(key, ...users.slice(at, at + CHUNK));
    }
    const written = transaction.expire(key, this.#timeouts.usersKept).exec();
    this.#link.markUp();
    await written;
  }

  #receive(frame: Buffer): void {
    let received: ReceivedFrame;
    try {
      received = this.#frames.decode(frame);
    } catch (error) {
      this.#log.warn({ reason: (error as Error).message }, "pub/sub message rejected");
      return;
    }
    const { instance, number, announcement } = received;
    if (instance === this.#id) {
      this.#missingBeats = 0;
      return;
    }
    const result = this.#sequences.record(instance, number, announcement === undefined);
    if (result === "gap") {
      this.#log.warn({ instance }, "pub/sub messages were lost");
      this.#notify((listener) => listener.onGap());
    }
    if (announcement !== undefined && result !== "repeated") this.#local.publish(announcement);
  }

  #notify(call: (listener: CoordinationListener) => void): void {
    for (const listener of this.#local.listeners) call(listener);
  }
}
