import { describe, expect, it } from "vitest";
import { ChatMessage, Heartbeat, StatusEvent } from "../../src/index.js";
import { CLOSE, type SessionAction } from "../../src/session/index.js";
import { BOB, CHAT, delivered, fromAlice, fromBob, notices, only, Stage, types } from "./stage.js";

const HOUR = 3600;
const DAY = 24 * HOUR;
const wakeOf = (actions: SessionAction[]) => only(actions, "wake").at(-1)?.at;

/** Does what the wakes of a session say for some seconds; returns how many there were. */
function passTime(stage: Stage, seconds: number, performed: SessionAction[] = []): number {
  const end = stage.now + seconds;
  let wakes = 0;
  let actions = stage.handle({ type: "tick" });
  for (; wakes < 10_000; wakes++) {
    performed.push(...actions);
    const at = wakeOf(actions) ?? Number.POSITIVE_INFINITY;
    if (at > end) break;
    stage.now = Math.max(stage.now, at);
    actions = stage.handle({ type: "tick" });
  }
  stage.now = end;
  return wakes;
}

describe("a clock that jumps back by an hour", () => {
  it("does not keep a lost connection waiting for an hour", () => {
    const stage = Stage.online();
    stage.handle({ type: "closed", code: 1006 });
    stage.now -= HOUR;
    const at = wakeOf(stage.handle({ type: "tick" }))!;
    expect(at - stage.now).toBeGreaterThan(0);
    expect(at - stage.now).toBeLessThan(1);
    stage.now = at;
    expect(only(stage.handle({ type: "tick" }), "connect")).toHaveLength(1);
  });

  it("does not keep a message waiting, nor a silent server alive", () => {
    const stage = Stage.online();
    stage.send(fromAlice(1));
    const serversNow = stage.now + 10;
    stage.now -= HOUR;
    stage.handle({ type: "tick" });
    stage.now += 10;
    const again = only(stage.handle({ type: "tick" }), "transmit");
    expect(stage.channel.open(again[0]!.bytes, serversNow).type).toBe("message");
    const performed: SessionAction[] = [];
    passTime(stage, 30, performed);
    expect(only(performed, "close")).toMatchObject([{ code: CLOSE.silent }]);
  });

  it("goes unnoticed by the server: frames are signed and judged by its time still", () => {
    const stage = Stage.online();
    const serversNow = stage.now;
    stage.now -= HOUR;
    const [typing] = only(
      stage.handle({ type: "mark", event_type: "typing", chat_id: CHAT }),
      "transmit",
    );
    expect(stage.channel.open(typing!.bytes, serversNow).timestamp).toBeCloseTo(serversNow, 3);
    const status = stage.channel.encode(
      StatusEvent,
      { event_type: "typing", user_id: BOB },
      serversNow,
    );
    expect(notices(stage.handle({ type: "frame", data: status }))).toMatchObject([
      { type: "status" },
    ]);
  });

  it("does not lead it astray where it flickers: back and ahead by half a second, for an hour", () => {
    const stage = Stage.online();
    const start = stage.now;
    for (let minute = 1; minute <= 60; minute++) {
      const serversNow = start + minute * 60;
      for (const flicker of [0.5, -0.5, 0.5, 0]) {
        stage.now = serversNow + flicker;
        stage.receive(Heartbeat, { sent_at: stage.now });
      }
      const typing = { type: "mark", event_type: "typing", chat_id: CHAT } as const;
      const [frame] = only(stage.handle(typing), "transmit").slice(-1);
      const { timestamp } = stage.channel.open(frame!.bytes, serversNow);
      expect(Math.abs(timestamp - serversNow)).toBeLessThan(1);
    }
  });

  it.each([0.001, 1, HOUR, 1e9, 1_700_000_000])("by %d s wakes nobody in vain", (seconds) => {
    const stage = Stage.online();
    stage.now += 1 / 3;
    stage.send(fromAlice(1));
    stage.now -= seconds;
    expect(passTime(stage, 600)).toBeLessThan(100);
  });
});

describe("a clock that jumps ahead by a day", () => {
  it("gives up a connection on which nothing came meanwhile, and makes another", () => {
    const stage = Stage.online();
    stage.send(fromAlice(1));
    stage.now += DAY;
    expect(only(stage.handle({ type: "tick" }), "close")).toMatchObject([{ code: CLOSE.silent }]);
    stage.handle({ type: "closed", code: 1006 });
    stage.now += 60;
    expect(types(stage, stage.connect())).toContain("message");
  });

  it("leaves a connection that goes on as it was", () => {
    const stage = Stage.online();
    stage.now += DAY;
    expect(delivered(stage.receive(ChatMessage, fromBob(1)))).toEqual([1]);
    expect(only(stage.receive(Heartbeat, { sent_at: stage.now }), "close")).toEqual([]);
  });

  it("makes a connection that was waited for at once", () => {
    const stage = Stage.online();
    stage.handle({ type: "closed", code: 1006 });
    stage.now += DAY;
    expect(only(stage.handle({ type: "tick" }), "connect")).toHaveLength(1);
  });

  it("and back again wakes nobody in vain", () => {
    const stage = Stage.online();
    stage.now += DAY;
    stage.handle({ type: "tick" });
    stage.now -= DAY;
    expect(passTime(stage, 600)).toBeLessThan(100);
  });
});
