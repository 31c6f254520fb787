import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { describeIf } from "../../../../test/support/optional.js";
import { isRedisInstalled, RedisProcess } from "../../harness/processes/redis-process.js";
import { until } from "../../harness/until.js";
import { RedisCoordination } from "../../src/coordination/redis.js";
import { messageIn } from "../support.js";
import { TestListener } from "./listener.js";

/** Maximum seconds until the instances work together again. */
const RECOVERY = 30;
/** Maximum milliseconds of a call during an outage. */
const MAX_CALL_MS = 2500;

const log = pino({ level: "silent" });
const limit = { name: "tries", points: 2, window: 60 };

describeIf(isRedisInstalled, "redis-server")("two instances during an outage of Redis", () => {
  let redis: RedisProcess;
  let one: RedisCoordination;
  let other: RedisCoordination;
  let ofOther: TestListener;

  beforeAll(async () => {
    redis = await RedisProcess.create();
    await redis.start();
  });
  afterAll(() => redis.remove());

  const open = async (secret: Uint8Array) => {
    const instance = new RedisCoordination(redis.url, secret, log);
    await instance.start();
    return instance;
  };

  beforeEach(async () => {
    const secret = randomBytes(32);
    [one, other] = await Promise.all([open(secret), open(secret)]);
    ofOther = new TestListener();
    other.listen(ofOther);
    // An instance detects gaps only after its first message from the other one.
    await untilReconnected();
    ofOther.messages.length = 0;
  });
  afterEach(() => Promise.all([one.close(), other.close()]));

  function publishMessage(): void {
    const delivery = { type: "message", value: messageIn(1, 2) } as const;
    one.publish({ type: "deliver", user_ids: [2], delivery });
  }

  const withinLimit = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const start = performance.now();
    const result = await work();
    expect(performance.now() - start).toBeLessThan(MAX_CALL_MS);
    return result;
  };

  /** Waits until both are connected and `other` receives messages of `one`. */
  const untilReconnected = async () => {
    expect(await until(() => one.isUp && other.isUp, RECOVERY)).toBe(true);
    const before = ofOther.messages.length;
    const isDelivered = async () => {
      publishMessage();
      await new Promise((resolve) => setTimeout(resolve, 100));
      return ofOther.messages.length > before;
    };
    expect(await until(isDelivered, RECOVERY)).toBe(true);
  };

  /** Checks that `one` works alone. */
  async function expectWorksAlone(): Promise<void> {
    const own = new TestListener();
    one.listen(own);
    publishMessage();
    expect(own.messages).toHaveLength(1);
    for (const isAllowed of [true, true, false]) {
      expect(await withinLimit(() => one.consume(limit, "alice"))).toMatchObject({ isAllowed });
    }
    expect(await withinLimit(() => one.enter(1))).toBe(true);
    expect(await withinLimit(() => one.present([1, 2]))).toEqual([1]);
    expect(await withinLimit(() => one.takeTicket("invented"))).toBeUndefined();
    await one.keepTicket("own", "alice", 30);
    expect(await one.takeTicket("own")).toBe("alice");
    expect(await one.takeTicket("own")).toBeUndefined();
  }

  it("work alone while Redis is down, and together again afterwards", async () => {
    await redis.kill();
    expect(await until(() => !one.isUp, RECOVERY)).toBe(true);
    await expectWorksAlone();
    expect(ofOther.messages).toEqual([]);
    await redis.start();
    await untilReconnected();
    // The messages published during the outage are lost: `other` must report a gap.
    await ofOther.until(({ gaps }) => gaps > 0);
    // Redis lost the presence entries: the instances must have restored them.
    expect(await other.present([1, 2])).toEqual([1]);
    expect(await other.enter(1)).toBe(false);
  });

  it("wait for a suspended Redis once, and not for each call", async () => {
    redis.freeze();
    const start = performance.now();
    await Promise.all([
      withinLimit(() => one.consume(limit, "bob")),
      withinLimit(() => one.present([1])),
    ]);
    expect(one.isUp).toBe(false);
    expect(performance.now() - start).toBeLessThan(MAX_CALL_MS);
    await expectWorksAlone();
    await new Promise((resolve) => setTimeout(resolve, 4000));
    redis.thaw();
    await untilReconnected();
    // The message arrived late, or a gap was reported.
    expect(ofOther.messages.length > 1 || ofOther.gaps > 0).toBe(true);
    expect(await other.present([1, 2])).toEqual([1]);
  });

  it("report no gap if no message was published during the outage", async () => {
    await redis.kill();
    expect(await until(() => !one.isUp && !other.isUp, RECOVERY)).toBe(true);
    await redis.start();
    await untilReconnected();
    expect(ofOther.gaps).toBe(0);
  });

  it("report a gap after Redis disconnects the subscriber of one of them", async () => {
    const operator = new Redis(redis.url);
    publishMessage();
    await ofOther.until(({ messages }) => messages.length === 1);
    await operator.call("CLIENT", "KILL", "TYPE", "pubsub");
    publishMessage();
    await ofOther.until(({ gaps }) => gaps > 0);
    await untilReconnected();
    expect(ofOther.gaps).toBe(1);
    operator.disconnect();
  });

  it("ignore messages that other Redis clients publish", async () => {
    const operator = new Redis(redis.url);
    const [channel] = (await operator.pubsub("CHANNELS")) as string[];
    for (const frame of [Buffer.alloc(0), Buffer.from("garbage"), randomBytes(100)]) {
      await operator.publish(channel!, frame);
    }
    publishMessage();
    await ofOther.until(({ messages }) => messages.length > 0);
    expect(ofOther.messages).toHaveLength(1);
    operator.disconnect();
  });

  it("deliver a repeated pub/sub message once", async () => {
    const operator = new Redis(redis.url);
    const subscriber = operator.duplicate();
    const [channel] = (await operator.pubsub("CHANNELS")) as string[];
    const frames: Buffer[] = [];
    subscriber.on("messageBuffer", (_, frame) => frames.push(frame));
    await subscriber.subscribe(channel!);
    publishMessage();
    await ofOther.until(({ messages }) => messages.length === 1);
    for (const frame of [...frames]) await operator.publish(channel!, frame);
    publishMessage();
    await ofOther.until(({ messages }) => messages.length > 1);
    expect(ofOther.messages).toHaveLength(2);
    expect(ofOther.gaps).toBe(0);
    operator.disconnect();
    subscriber.disconnect();
  });

  it("start without Redis, and connect later", async () => {
    await redis.kill();
    const start = performance.now();
    const early = await open(randomBytes(32));
    expect(performance.now() - start).toBeLessThan(15_000);
    expect(early.isUp).toBe(false);
    expect((await early.consume(limit, "alice")).isAllowed).toBe(true);
    await redis.start();
    expect(await until(() => early.isUp, RECOVERY)).toBe(true);
    await early.close();
  });
});
