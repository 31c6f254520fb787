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

/** Seconds in which all is as it was. */
const RECOVERY = 10;
/** Milliseconds that a request may be held up. */
const PATIENCE = 2500;

const log = pino({ level: "silent" });
const limit = { name: "tries", points: 2, window: 60 };

describeIf(isRedisInstalled, "redis-server")("two instances whose Redis is away", () => {
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
    // Of an instance that was never heard before, nothing is missed.
    await untilReunited();
    ofOther.messages.length = 0;
  });
  afterEach(() => Promise.all([one.close(), other.close()]));

  function publishMessage(): void {
    const delivery = { type: "message", value: messageIn(1, 2) } as const;
    one.publish({ type: "deliver", user_ids: [2], delivery });
  }

  const quickly = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const start = performance.now();
    const result = await work();
    expect(performance.now() - start).toBeLessThan(PATIENCE);
    return result;
  };

  /** Has both find each other again, and `one` be heard. */
  const untilReunited = async () => {
    expect(await until(() => one.isUp && other.isUp, RECOVERY)).toBe(true);
    const before = ofOther.messages.length;
    const isHeard = async () => {
      publishMessage();
      await new Promise((resolve) => setTimeout(resolve, 100));
      return ofOther.messages.length > before;
    };
    expect(await until(isHeard, RECOVERY)).toBe(true);
  };

  async function doWhatOneCan(): Promise<void> {
    const own = new TestListener();
    one.listen(own);
    publishMessage();
    expect(own.messages).toHaveLength(1);
    for (const isAllowed of [true, true, false]) {
      expect(await quickly(() => one.consume(limit, "alice"))).toMatchObject({ isAllowed });
    }
    expect(await quickly(() => one.enter(1))).toBe(true);
    expect(await quickly(() => one.present([1, 2]))).toEqual([1]);
    expect(await quickly(() => one.takeTicket("nobody's"))).toBeUndefined();
    await one.keepTicket("own", "alice", 30);
    expect(await one.takeTicket("own")).toBe("alice");
    expect(await one.takeTicket("own")).toBeUndefined();
  }

  it("do what each can by itself, and find each other again when it is back", async () => {
    await redis.kill();
    expect(await until(() => !one.isUp, RECOVERY)).toBe(true);
    await doWhatOneCan();
    expect(ofOther.messages).toEqual([]);
    await redis.start();
    await untilReunited();
    // What was announced meanwhile, nobody heard.
    await ofOther.until(({ gaps }) => gaps > 0);
    // Redis had forgotten who is there.
    expect(await other.present([1, 2])).toEqual([1]);
    expect(await other.enter(1)).toBe(false);
  });

  it("wait a moment for one that is frozen, and then no longer", async () => {
    redis.freeze();
    const start = performance.now();
    await Promise.all([quickly(() => one.consume(limit, "bob")), quickly(() => one.present([1]))]);
    expect(one.isUp).toBe(false);
    expect(performance.now() - start).toBeLessThan(PATIENCE);
    await doWhatOneCan();
    await new Promise((resolve) => setTimeout(resolve, 4000));
    redis.thaw();
    await untilReunited();
    // Either it was only late, or it was missed.
    expect(ofOther.messages.length > 1 || ofOther.gaps > 0).toBe(true);
    expect(await other.present([1, 2])).toEqual([1]);
  });

  it("tell nobody of a loss where nothing was said meanwhile", async () => {
    await redis.kill();
    expect(await until(() => !one.isUp && !other.isUp, RECOVERY)).toBe(true);
    await redis.start();
    await untilReunited();
    expect(ofOther.gaps).toBe(0);
  });

  it("notice that Redis threw one of them out while the other spoke", async () => {
    const operator = new Redis(redis.url);
    publishMessage();
    await ofOther.until(({ messages }) => messages.length === 1);
    await operator.call("CLIENT", "KILL", "TYPE", "pubsub");
    publishMessage();
    await ofOther.until(({ gaps }) => gaps > 0);
    await untilReunited();
    expect(ofOther.gaps).toBe(1);
    operator.disconnect();
  });

  it("believe nothing that somebody else publishes", async () => {
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

  it("hear an announcement once that somebody publishes again", async () => {
    const operator = new Redis(redis.url);
    const eavesdropper = operator.duplicate();
    const [channel] = (await operator.pubsub("CHANNELS")) as string[];
    const frames: Buffer[] = [];
    eavesdropper.on("messageBuffer", (_, frame) => frames.push(frame));
    await eavesdropper.subscribe(channel!);
    publishMessage();
    await ofOther.until(({ messages }) => messages.length === 1);
    for (const frame of [...frames]) await operator.publish(channel!, frame);
    publishMessage();
    await ofOther.until(({ messages }) => messages.length > 1);
    expect(ofOther.messages).toHaveLength(2);
    expect(ofOther.gaps).toBe(0);
    operator.disconnect();
    eavesdropper.disconnect();
  });

  it("begin without it, and find it later", async () => {
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
