import { hkdfSync, randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { unavailable } from "../errors.js";
import { AnnouncementFrames, type Heard } from "./announcement-frames.js";
import type {
  Allowance,
  Announcement,
  Coordination,
  CoordinationListener,
  Limit,
} from "./coordination.js";
import { Hearing } from "./hearing.js";
import { allowance, InProcess } from "./in-process.js";
import { RedisLink } from "./redis-link.js";
import { BEAT, CONSUME, ENTER, LEAVE, PRESENT } from "./redis-scripts.js";

/** How often an instance says that it lives, in milliseconds. */
const BEAT_INTERVAL = 1000;
/** Beats of its own that an instance may miss before it takes its subscription for broken. */
const MISSED_BEATS = 3;
/** Seconds without a beat after which an instance is taken for gone, and after which it is if there is no other to notice. */
const PATIENCE = { goneAfter: 30, usersKept: 60 };
/** Users that are written at once. */
const CHUNK = 1000;

/** Coordination of several instances through Redis. Where that is away, an instance goes on with what it has itself. */
export class RedisCoordination implements Coordination {
  readonly #id = randomUUID();
  readonly #local = new InProcess();
  readonly #hearing = new Hearing();
  readonly #frames: AnnouncementFrames;
  readonly #link: RedisLink;
  readonly #log: Logger;
  /** Of all keys. Servers that do not share a secret share nothing. */
  readonly #prefix: string;
  readonly #beating: NodeJS.Timeout;
  #beat: Promise<void> | undefined;
  #announced = 0;
  #unheardBeats = 0;
  readonly #patience: typeof PATIENCE;

  constructor(url: string, secret: string | Uint8Array, log: Logger, patience = PATIENCE) {
    this.#patience = patience;
    const name = Buffer.from(hkdfSync("sha256", secret, "", "lacre-server/redis-prefix", 8));
    // Braces keep a cluster from scattering the keys.
    this.#prefix = `{lacre:${name.toString("hex")}}:`;
    this.#frames = new AnnouncementFrames(secret);
    this.#log = log;
    this.#link = new RedisLink(url, `${this.#prefix}announcements`, log);
    this.#link.subscribe((frame) => this.#hear(frame));
    this.#beating = setInterval(() => this.#beatOnce(), BEAT_INTERVAL).unref();
  }

  get isUp(): boolean {
    return this.#link.isUp;
  }

  /** Waits for Redis, for as long as a beat takes. */
  async start(): Promise<void> {
    const deadline = performance.now() + 3 * BEAT_INTERVAL;
    while (!this.#link.isUp && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await this.#beatOnce();
    }
    if (this.#link.isUp) return;
    this.#log.warn("Redis does not answer: until it does, this instance is on its own");
  }

  announce(announcement: Announcement): void {
    this.#local.announce(announcement);
    this.#announced += 1;
    this.#link.publish(this.#frames.encode({ ...this.#origin, announcement }));
  }

  listen(listener: CoordinationListener): void {
    this.#local.listen(listener);
  }

  async keepTicket(ticket: string, value: string, seconds: number): Promise<void> {
    if (!this.#link.isUp) return this.#local.keepTicket(ticket, value, seconds);
    await this.#link.run<unknown>(
      (redis) => redis.set(`${this.#prefix}ticket:${ticket}`, value, "EX", seconds),
      // Redis may have it, so that it would be good twice if it were kept here.
      () => Promise.reject(unavailable),
    );
  }

  async takeTicket(ticket: string): Promise<string | undefined> {
    const kept = await this.#local.takeTicket(ticket);
    if (kept !== undefined) return kept;
    const value = await this.#link.run(
      (redis) => redis.getdel(`${this.#prefix}ticket:${ticket}`),
      () => null,
    );
    return value ?? undefined;
  }

  consume(limit: Limit, key: string): Promise<Allowance> {
    const counter = `${this.#prefix}limit:${limit.name}:${key}`;
    return this.#link.run(
      async (redis) => {
        const answer = await redis.eval(CONSUME, 1, counter, limit.window);
        const [used, milliseconds] = answer as [number, number];
        return allowance(limit.points, used, (Date.now() + milliseconds) / 1000);
      },
      () => this.#local.consume(limit, key),
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
    return { instance: this.#id, number: this.#announced };
  }

  get #instances(): string {
    return `${this.#prefix}instances`;
  }

  #usersOf(instance: string): string {
    return `${this.#prefix}users:${instance}`;
  }

  async #isElsewhere(script: string, userId: number): Promise<boolean> {
    const keys = [this.#instances, this.#usersOf(this.#id)] as const;
    return this.#link.run(
      async (redis) =>
        (await redis.eval(script, 2, ...keys, this.#id, this.#usersOf(""), userId)) === 1,
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
    let gone: number[] = [];
    let isUnknown = false;
    const isBack = await this.#link.probe(async (redis) => {
      const keys = [this.#instances, this.#usersOf(this.#id)] as const;
      const times = [this.#patience.goneAfter, this.#patience.usersKept] as const;
      const answer = await redis.eval(BEAT, 2, ...keys, this.#id, this.#usersOf(""), ...times);
      const [unknown, users] = answer as [number, string[]];
      gone = users.map(Number);
      isUnknown = unknown === 1;
      if (isUnknown || !wasUp) await this.#writeUsers(redis);
    });
    if (!isBack) return;
    this.#link.publish(this.#frames.encode(this.#origin));
    this.#unheardBeats += 1;
    if (this.#unheardBeats > MISSED_BEATS) {
      this.#unheardBeats = 0;
      this.#log.warn("this instance does not hear itself: it subscribes anew");
      this.#link.resubscribe();
    }
    if (gone.length > 0) this.#tell((listener) => listener.presenceChanged(gone, false));
    const own = [...this.#local.users];
    if (isUnknown && own.length > 0) this.#tell((listener) => listener.presenceChanged(own, true));
  }

  /** What comes and goes while this is under way is asked of Redis after it. */
  async #writeUsers(redis: Redis): Promise<void> {
    const key = this.#usersOf(this.#id);
    const transaction = redis.multi().del(key);
    const users = [...this.#local.users];
    for (let at = 0; at < users.length; at += CHUNK) {
      transaction.sadd(key, ...users.slice(at, at + CHUNK));
    }
    const written = transaction.exec();
    this.#link.found();
    await written;
  }

  #hear(frame: Buffer): void {
    let heard: Heard;
    try {
      heard = this.#frames.decode(frame);
    } catch (error) {
      this.#log.warn({ reason: (error as Error).message }, "announcement refused");
      return;
    }
    const { instance, number, announcement } = heard;
    if (instance === this.#id) {
      this.#unheardBeats = 0;
      return;
    }
    const place = this.#hearing.note(instance, number, announcement === undefined);
    if (place === "gap") {
      this.#log.warn({ instance }, "announcements were lost");
      this.#tell((listener) => listener.missed());
    }
    if (announcement !== undefined && place !== "repeated") this.#local.announce(announcement);
  }

  #tell(what: (listener: CoordinationListener) => void): void {
    for (const listener of this.#local.listeners) what(listener);
  }
}
