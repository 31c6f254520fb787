import { afterEach, describe, expect, it, vi } from "vitest";
import {
  ChatMessage,
  ErrorResponse,
  Heartbeat,
  MessageListResponse,
  StatusEvent,
  ValidationError,
} from "../../src/index.js";
import { acceptHello } from "../../src/server/index.js";
import { CLOSE, Session, type SessionAction } from "../../src/session/index.js";
import {
  BOB,
  CHAT,
  delivered,
  fromAlice,
  fromBob,
  notices,
  offer,
  only,
  SESSION_KEY,
  SessionFixture,
  types,
} from "./fixture.js";
import { type Device, Simulation } from "./simulation.js";

const HOUR = 3600;
const DAY = 24 * HOUR;
const wakeOf = (actions: SessionAction[]) => only(actions, "wake").at(-1)?.at;

/** Passes a tick at each wake of a session during `seconds`; returns the number of wakes. */
function passTime(
  fixture: SessionFixture,
  seconds: number,
  performed: SessionAction[] = [],
): number {
  const end = fixture.now + seconds;
  let wakes = 0;
  let actions = fixture.handle({ type: "tick" });
  for (; wakes < 10_000; wakes++) {
    performed.push(...actions);
    const at = wakeOf(actions) ?? Number.POSITIVE_INFINITY;
    if (at > end) break;
    fixture.now = Math.max(fixture.now, at);
    actions = fixture.handle({ type: "tick" });
  }
  fixture.now = end;
  return wakes;
}

describe("with a clock that is set back by an hour, a session", () => {
  it("does not delay the reconnect by an hour", () => {
    const fixture = SessionFixture.online();
    fixture.handle({ type: "closed", code: 1006 });
    fixture.now -= HOUR;
    const at = wakeOf(fixture.handle({ type: "tick" }))!;
    expect(at - fixture.now).toBeGreaterThan(0);
    expect(at - fixture.now).toBeLessThan(1);
    fixture.now = at;
    expect(only(fixture.handle({ type: "tick" }), "connect")).toHaveLength(1);
  });

  it("sends a message again and detects a silent server on time", () => {
    const fixture = SessionFixture.online();
    fixture.send(fromAlice(1));
    const serversNow = fixture.now + 10;
    fixture.now -= HOUR;
    fixture.handle({ type: "tick" });
    fixture.now += 10;
    const again = only(fixture.handle({ type: "tick" }), "transmit");
    expect(fixture.channel.open(again[0]!.bytes, serversNow).type).toBe("message");
    const performed: SessionAction[] = [];
    passTime(fixture, 30, performed);
    expect(only(performed, "close")).toMatchObject([{ code: CLOSE.silent }]);
  });

  it("still signs and checks frames by the server's time", () => {
    const fixture = SessionFixture.online();
    const serversNow = fixture.now;
    fixture.now -= HOUR;
    const [typing] = only(
      fixture.handle({ type: "mark", event_type: "typing", chat_id: CHAT }),
      "transmit",
    );
    expect(fixture.channel.open(typing!.bytes, serversNow).timestamp).toBeCloseTo(serversNow, 3);
    const status = fixture.channel.encode(
      StatusEvent,
      { event_type: "typing", user_id: BOB },
      serversNow,
    );
    expect(notices(fixture.handle({ type: "frame", data: status }))).toMatchObject([
      { type: "status" },
    ]);
  });

  it("follows the server's time while its clock jitters by half a second for an hour", () => {
    const fixture = SessionFixture.online();
    const start = fixture.now;
    for (let minute = 1; minute <= 60; minute++) {
      const serversNow = start + minute * 60;
      for (const flicker of [0.5, -0.5, 0.5, 0]) {
        fixture.now = serversNow + flicker;
        fixture.receive(Heartbeat, { sent_at: fixture.now });
      }
      const typing = { type: "mark", event_type: "typing", chat_id: CHAT } as const;
      const [frame] = only(fixture.handle(typing), "transmit").slice(-1);
      const { timestamp } = fixture.channel.open(frame!.bytes, serversNow);
      expect(Math.abs(timestamp - serversNow)).toBeLessThan(1);
    }
  });

  it.each([0.001, 1, HOUR, 1e9, 1_700_000_000])(
    "wakes fewer than 100 times in 10 minutes after its clock is set back by %d s",
    (seconds) => {
      const fixture = SessionFixture.online();
      fixture.now += 1 / 3;
      fixture.send(fromAlice(1));
      fixture.now -= seconds;
      expect(passTime(fixture, 600)).toBeLessThan(100);
    },
  );
});

describe("with a clock outside the range of a timestamp, a session", () => {
  it.each([-1, -1e9, 99_999_000_000])("connects and stays connected at %d s", (now) => {
    const serversNow = 1_700_000_000;
    const session = new Session({ session_key: SESSION_KEY, user_id: 7, random: () => 0 });
    session.handle({ type: "tick" }, now);
    const [hello] = only(session.handle({ type: "connected" }, now), "transmit");
    const { channel, frame } = acceptHello(hello!.bytes, SESSION_KEY, offer, serversNow);
    const actions = session.handle({ type: "frame", data: frame }, now);
    expect(notices(actions)).toMatchObject([{ type: "online", server_time: serversNow }]);
    const [heartbeat] = only(session.handle({ type: "probe" }, now + 1), "transmit");
    const { sent_at } = Heartbeat.fromProtocol(channel.open(heartbeat!.bytes, serversNow + 1));
    expect(sent_at).toBeCloseTo(serversNow + 1, 0);
    const answer = channel.encode(Heartbeat, { sent_at }, serversNow + 1);
    session.handle({ type: "frame", data: answer }, now + 1);
    expect(only(session.handle({ type: "tick" }, now + 5), "close")).toEqual([]);
  });
});

describe("with a clock that jumps ahead by a day, a session", () => {
  it("closes a connection without frames and reconnects", () => {
    const fixture = SessionFixture.online();
    fixture.send(fromAlice(1));
    fixture.now += DAY;
    expect(only(fixture.handle({ type: "tick" }), "close")).toMatchObject([{ code: CLOSE.silent }]);
    fixture.handle({ type: "closed", code: 1006 });
    fixture.now += 60;
    expect(types(fixture, fixture.connect())).toContain("message");
  });

  it("keeps a connection on which frames arrive", () => {
    const fixture = SessionFixture.online();
    fixture.now += DAY;
    expect(delivered(fixture.receive(ChatMessage, fromBob(1)))).toEqual([1]);
    expect(only(fixture.receive(Heartbeat, { sent_at: fixture.now }), "close")).toEqual([]);
  });

  it("connects immediately if it was waiting", () => {
    const fixture = SessionFixture.online();
    fixture.handle({ type: "closed", code: 1006 });
    fixture.now += DAY;
    expect(only(fixture.handle({ type: "tick" }), "connect")).toHaveLength(1);
  });

  it("wakes fewer than 100 times in 10 minutes if the clock is set back again", () => {
    const fixture = SessionFixture.online();
    fixture.now += DAY;
    fixture.handle({ type: "tick" });
    fixture.now -= DAY;
    expect(passTime(fixture, 600)).toBeLessThan(100);
  });
});

describe("with a clock that changes by more than the server accepts while connected, a session", () => {
  const faults = { drop: 0, duplicate: 0, late: 0, cut: 0, busy: 0, full: 0, mute: 0 };

  /** Connects a device, changes the clocks, and returns the number of its messages that are acknowledged 2 seconds later. */
  async function sentAfter(change: (simulation: Simulation, device: Device) => void) {
    const simulation = new Simulation({ seed: 1, faults });
    const [device] = simulation.devices;
    await simulation.run(61);
    change(simulation, device!);
    device!.write(1, false);
    await simulation.run(2);
    return device!.sent.length;
  }

  it.each([61, 80, 361, HOUR, DAY])(
    "sends a message within 2 seconds after its clock was set ahead by %d s",
    async (seconds) => {
      expect(await sentAfter((_, device) => device.setClock(seconds))).toBe(1);
    },
  );

  it.each([61, 80, 361, HOUR, DAY])(
    "sends a message within 2 seconds after the server's clock was set ahead by %d s",
    async (seconds) => {
      const setClock = (simulation: Simulation) => {
        simulation.serversClock = seconds;
      };
      expect(await sentAfter(setClock)).toBe(1);
    },
  );

  it.each(["ERR_FROM_FUTURE", "ERR_EXPIRED"])(
    "closes the connection after the error %s, and reports it",
    (error_code) => {
      const fixture = SessionFixture.online();
      const error = { error_code, error_message: "", details: { client_id: "x" } };
      const actions = fixture.receive(ErrorResponse, error);
      expect(notices(actions)).toMatchObject([{ type: "error", error: { error_code } }]);
      expect(only(actions, "close")).toMatchObject([{ code: CLOSE.protocolError }]);
    },
  );

  it("keeps a message that is rejected with such an error", () => {
    const fixture = SessionFixture.online();
    const message = fromAlice(1);
    fixture.send(message);
    const details = { client_id: message.client_id };
    const error = { error_code: "ERR_FROM_FUTURE", error_message: "", details };
    expect(only(fixture.receive(ErrorResponse, error), "failed")).toEqual([]);
    fixture.handle({ type: "closed", code: 1000 });
    fixture.now += 1;
    expect(types(fixture, fixture.connect())).toContain("message");
  });

  it("waits longer with each connection that ends with such an error", () => {
    const fixture = new SessionFixture({ random: () => 0.999 });
    const delays = Array.from({ length: 12 }, () => {
      fixture.connect();
      const error = { error_code: "ERR_FROM_FUTURE", error_message: "" };
      expect(only(fixture.receive(ErrorResponse, error), "close")).toHaveLength(1);
      const closedAt = fixture.now;
      fixture.now = wakeOf(fixture.handle({ type: "closed", code: 1000 }))!;
      return fixture.now - closedAt;
    });
    expect(delays.map(Math.round)).toEqual([1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30, 30]);
  });

  it("keeps the connection after a frame that was repeated", () => {
    const fixture = SessionFixture.online();
    const data = fixture.channel.encode(ChatMessage, fromBob(1), fixture.now);
    fixture.handle({ type: "frame", data });
    expect(only(fixture.handle({ type: "frame", data }), "close")).toEqual([]);
  });
});

describe("an invalid time", () => {
  it.each([Number.NaN, Infinity, 1e300])("is rejected (%s), and the event has no effect", (bad) => {
    const fixture = SessionFixture.online();
    const handle = () => fixture.session.handle({ type: "send", message: fromAlice(1) }, bad);
    expect(handle).toThrow(ValidationError);
    fixture.now += 1;
    expect(types(fixture, fixture.send(fromAlice(1)))).toEqual(["message"]);
    expect(delivered(fixture.receive(ChatMessage, fromBob(1)))).toEqual([1]);
    const [wake] = fixture.handle({ type: "tick" });
    expect(wake).toMatchObject({ type: "wake", at: expect.closeTo(fixture.now + 10, 0) });
  });

  it.each([Number.NaN, Infinity, 1e300])(
    "is rejected by a channel (%s), which continues to work",
    (bad) => {
      const { channel, now } = SessionFixture.online();
      const { sent } = channel;
      expect(() => channel.encode(Heartbeat, { sent_at: 0 }, bad)).toThrow(ValidationError);
      expect(() => channel.open(new Uint8Array(), bad)).toThrow(ValidationError);
      channel.encode(Heartbeat, { sent_at: 0 }, now);
      expect(channel.sent).toBe(sent + 1);
    },
  );
});

describe("the platform's clock", () => {
  afterEach(() => void vi.restoreAllMocks());

  it("is not read by a session", () => {
    const read = vi.spyOn(Date, "now");
    const fixture = SessionFixture.online({ capabilities: ["delivered"] });
    const { timestamp: _, ...untimed } = fromAlice(2);
    const failed = only(fixture.handle({ type: "send", message: untimed as never }), "failed");
    expect(failed).toMatchObject([{ error_code: "ERR_VALIDATION" }]);
    expect(failed[0]!.error_message).toContain("timestamp");
    const outbox = [untimed as never];
    expect(() => new SessionFixture({ outbox })).toThrow(ValidationError);
    fixture.send(fromAlice(1));
    fixture.ack(fromAlice(1), 1);
    fixture.receive(ChatMessage, fromBob(2));
    fixture.handle({ type: "mark", event_type: "read", chat_id: CHAT });
    fixture.handle({ type: "mark", event_type: "typing", chat_id: CHAT });
    fixture.handle({ type: "probe" });
    expect(read).not.toHaveBeenCalled();
  });

  it("is not the default timestamp of messages in a list", () => {
    const { timestamp: _, ...untimed } = fromBob(1);
    const list = { messages: [untimed as never], has_more: false };
    expect(() => MessageListResponse.parse(list)).toThrow("messages.0.timestamp: must be");
  });
});
