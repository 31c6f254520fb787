import { describe, expect, it } from "vitest";
import { Heartbeat } from "../../src/index.js";
import { CLOSE, closeCode, reconnectDelay } from "../../src/session/index.js";
import { notices, only, Stage, types } from "./stage.js";

describe("a connection", () => {
  it("is kept alive by heartbeats, and given up when nothing comes for three of them", () => {
    const stage = Stage.online();
    stage.now += 29.9;
    expect(types(stage, stage.handle({ type: "tick" }))).toEqual([]);
    stage.now += 0.1;
    expect(types(stage, stage.handle({ type: "tick" }))).toEqual(["heartbeat"]);
    stage.receive(Heartbeat, { sent_at: stage.now });
    stage.now += 89.9;
    expect(only(stage.handle({ type: "tick" }), "close")).toEqual([]);
    stage.now += 0.1;
    expect(only(stage.handle({ type: "tick" }), "close")).toEqual([
      { type: "close", code: CLOSE.silent, reason: "silent" },
    ]);
  });

  it("that is lost is made again, later each time, and at once after a good one", () => {
    const stage = Stage.online();
    const wait = () => {
      const [wake] = only(stage.handle({ type: "closed", code: 1006 }), "wake").slice(-1);
      const seconds = wake!.at - stage.now;
      stage.now = wake!.at;
      return seconds;
    };
    stage.now += 20;
    expect(wait()).toBeCloseTo(0.25);
    expect(only(stage.handle({ type: "tick" }), "connect")).toHaveLength(1);
    expect(wait()).toBeCloseTo(0.5);
    stage.handle({ type: "tick" });
    expect(wait()).toBeCloseTo(1);
    for (let failure = 0; failure < 10; failure++) {
      stage.handle({ type: "tick" });
      wait();
    }
    stage.handle({ type: "tick" });
    expect(wait()).toBeCloseTo(15);
  });

  it("that is lost right after the welcome counts as failed", () => {
    const stage = Stage.online();
    const [wake] = only(stage.handle({ type: "closed", code: 1006 }), "wake").slice(-1);
    expect(wake!.at - stage.now).toBeCloseTo(0.5);
  });

  it("is a good one from 10 seconds on", () => {
    for (const [seconds, delay] of [
      [9.99, 0.5],
      [10, 0.25],
    ] as const) {
      const stage = Stage.online();
      stage.now += seconds;
      const [wake] = only(stage.handle({ type: "closed", code: 1006 }), "wake").slice(-1);
      expect(wake!.at - stage.now).toBeCloseTo(delay);
    }
  });

  it("is not made again after a close code that says so", () => {
    for (const code of [1008, 1009, 4001, 4002, 4005]) {
      const stage = Stage.online();
      const actions = stage.handle({ type: "closed", code });
      expect(notices(actions)).toEqual([{ type: "offline", code, retry: false }]);
      expect(only(actions, "wake")).toEqual([]);
      stage.now += 1e6;
      expect(only(stage.handle({ type: "tick" }), "connect")).toEqual([]);
      expect(notices(stage.handle({ type: "closed", code }))).toEqual([]);
    }
  });

  it.each([
    [1000, "normal", true],
    [1001, "going away", true],
    [1006, "lost", true],
    [1008, "policy", false],
    [1009, "frame too big", false],
    [1011, "server error", true],
    [1012, "restart", true],
    [1013, "try again later", true],
    [4000, "protocol error", true],
    [4001, "not authorised", false],
    [4002, "no common wire", false],
    [4003, "silent", true],
    [4004, "too slow", true],
    [4005, "replaced", false],
    [4999, "unknown", true],
  ])("that closes with %d is told what that means: %s", (code, name, retry) => {
    expect(closeCode(code)).toEqual({ name, retry });
  });

  it("that is told to close and never says that it is closed is taken for lost after 10 seconds", () => {
    const stage = Stage.online();
    stage.now += 90;
    const [wake] = only(stage.handle({ type: "tick" }), "wake");
    expect(wake!.at - stage.now).toBeCloseTo(10);
    stage.now += 9.9;
    expect(notices(stage.handle({ type: "tick" }))).toEqual([]);
    stage.now += 0.1;
    expect(notices(stage.handle({ type: "tick" }))).toEqual([
      { type: "offline", code: 1006, retry: true },
    ]);
    stage.now += 60;
    expect(notices(stage.connect())).toMatchObject([{ type: "online" }]);
  });

  it("that was taken for lost may say that it is closed before the next one is made", () => {
    const stage = Stage.online();
    stage.now += 90;
    stage.handle({ type: "tick" });
    stage.now += 10;
    const [wake] = only(stage.handle({ type: "tick" }), "wake");
    const late = stage.handle({ type: "closed", code: 4003 });
    expect(late).toEqual([{ type: "wake", at: wake!.at }]);
  });

  it("waits with full jitter", () => {
    expect(reconnectDelay(3, 0)).toBe(0);
    expect(reconnectDelay(3, 0.999)).toBeLessThan(4);
    expect(reconnectDelay(1000, 0.999)).toBeLessThan(30);
  });
});
