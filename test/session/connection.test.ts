import { describe, expect, it } from "vitest";
import { Heartbeat } from "../../src/index.js";
import { CLOSE, closeCode, type SessionAction } from "../../src/session/index.js";
import { reconnectDelay } from "../../src/session/reconnect.js";
import { notices, offer, only, SessionFixture, types } from "./fixture.js";

/** Returns a session that received an invalid welcome and closes with 4000, and the actions of that event. */
function closing(): { fixture: SessionFixture; actions: SessionAction[] } {
  const fixture = new SessionFixture();
  fixture.handle({ type: "tick" });
  fixture.handle({ type: "connected" });
  const actions = fixture.handle({ type: "frame", data: new Uint8Array() });
  expect(only(actions, "close")).toMatchObject([{ code: CLOSE.protocolError }]);
  return { fixture, actions };
}

describe("a connection", () => {
  it("sends heartbeats, and closes after three heartbeat intervals without a frame", () => {
    const fixture = SessionFixture.online();
    fixture.now += 29.9;
    expect(types(fixture, fixture.handle({ type: "tick" }))).toEqual([]);
    fixture.now += 0.1;
    expect(types(fixture, fixture.handle({ type: "tick" }))).toEqual(["heartbeat"]);
    fixture.receive(Heartbeat, { sent_at: fixture.now });
    fixture.now += 89.9;
    expect(only(fixture.handle({ type: "tick" }), "close")).toEqual([]);
    fixture.now += 0.1;
    expect(only(fixture.handle({ type: "tick" }), "close")).toEqual([
      { type: "close", code: CLOSE.silent, reason: "silent" },
    ]);
  });

  it("that is lost is reopened with a growing delay, which restarts after a stable connection", () => {
    const fixture = SessionFixture.online();
    const wait = () => {
      const [wake] = only(fixture.handle({ type: "closed", code: 1006 }), "wake").slice(-1);
      const seconds = wake!.at - fixture.now;
      fixture.now = wake!.at;
      return seconds;
    };
    fixture.now += 20;
    expect(wait()).toBeCloseTo(0.25);
    expect(only(fixture.handle({ type: "tick" }), "connect")).toHaveLength(1);
    expect(wait()).toBeCloseTo(0.5);
    fixture.handle({ type: "tick" });
    expect(wait()).toBeCloseTo(1);
    for (let failure = 0; failure < 10; failure++) {
      fixture.handle({ type: "tick" });
      wait();
    }
    fixture.handle({ type: "tick" });
    expect(wait()).toBeCloseTo(15);
  });

  it.each([
    [1012, 20, 10],
    [1013, 20, 10],
    [1012, 1e300, 1800],
    [1012, 0.001, 0.25],
    [1012, undefined, 0.25],
    [1006, 20, 0.25],
  ])(
    "closed with %d is reopened within the reconnect_within of the welcome (%s s): after %d s",
    (code, reconnect_within, delay) => {
      const fixture = new SessionFixture({ cursors: [] });
      fixture.connect({ ...offer, reconnect_within });
      fixture.now += 20;
      const [wake] = only(fixture.handle({ type: "closed", code }), "wake").slice(-1);
      expect(wake!.at - fixture.now).toBeCloseTo(delay);
      fixture.now = wake!.at;
      expect(only(fixture.handle({ type: "tick" }), "connect")).toHaveLength(1);
      const [again] = only(fixture.handle({ type: "closed", code: 1006 }), "wake").slice(-1);
      expect(again!.at - fixture.now, "the next attempt has the usual delay").toBeCloseTo(0.5);
    },
  );

  it("that is lost right after the welcome counts as a failed attempt", () => {
    const fixture = SessionFixture.online();
    const [wake] = only(fixture.handle({ type: "closed", code: 1006 }), "wake").slice(-1);
    expect(wake!.at - fixture.now).toBeCloseTo(0.5);
  });

  it("counts as stable after 10 seconds", () => {
    for (const [seconds, delay] of [
      [9.99, 0.5],
      [10, 0.25],
    ] as const) {
      const fixture = SessionFixture.online();
      fixture.now += seconds;
      const [wake] = only(fixture.handle({ type: "closed", code: 1006 }), "wake").slice(-1);
      expect(wake!.at - fixture.now).toBeCloseTo(delay);
    }
  });

  it("is not reopened after a final close code", () => {
    for (const code of [1008, 1009, 4001, 4002, 4005]) {
      const fixture = SessionFixture.online();
      const actions = fixture.handle({ type: "closed", code });
      expect(notices(actions)).toEqual([{ type: "offline", code, retry: false }]);
      expect(only(actions, "wake")).toEqual([]);
      fixture.now += 1e6;
      expect(only(fixture.handle({ type: "tick" }), "connect")).toEqual([]);
      expect(notices(fixture.handle({ type: "closed", code }))).toEqual([]);
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
  ])("close code %d means %s", (code, name, retry) => {
    expect(closeCode(code)).toEqual({ name, retry });
  });

  it("counts as lost if a close is not reported within 10 seconds", () => {
    const { fixture, actions } = closing();
    const [wake] = only(actions, "wake");
    expect(wake!.at - fixture.now).toBeCloseTo(10);
    fixture.now += 9.9;
    expect(notices(fixture.handle({ type: "tick" }))).toEqual([]);
    fixture.now += 0.1;
    expect(notices(fixture.handle({ type: "tick" }))).toEqual([
      { type: "offline", code: 1006, retry: true },
    ]);
    fixture.now += 60;
    expect(notices(fixture.connect())).toMatchObject([{ type: "online" }]);
  });

  it("that is silent is closed and reported as offline immediately", () => {
    const fixture = SessionFixture.online();
    fixture.now += 90;
    const actions = fixture.handle({ type: "tick" });
    expect(only(actions, "close")).toMatchObject([{ code: CLOSE.silent }]);
    expect(notices(actions)).toEqual([{ type: "offline", code: CLOSE.silent, retry: true }]);
    expect(fixture.handle({ type: "closed", code: CLOSE.silent })).toEqual(only(actions, "wake"));
    fixture.now += 1;
    expect(only(fixture.handle({ type: "tick" }), "connect")).toHaveLength(1);
  });

  it("ignores a late close event after it counts as lost", () => {
    const { fixture } = closing();
    fixture.now += 10;
    const [wake] = only(fixture.handle({ type: "tick" }), "wake");
    const late = fixture.handle({ type: "closed", code: 4003 });
    expect(late).toEqual([{ type: "wake", at: wake!.at }]);
  });

  it("is reopened after a delay with full jitter", () => {
    expect(reconnectDelay(3, 0)).toBe(0);
    expect(reconnectDelay(3, 0.999)).toBeLessThan(4);
    expect(reconnectDelay(1000, 0.999)).toBeLessThan(30);
  });
});
