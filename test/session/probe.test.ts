import { describe, expect, it } from "vitest";
import { Heartbeat, StatusEvent } from "../../src/index.js";
import { CLOSE, type SessionAction } from "../../src/session/index.js";
import { BOB, notices, only, SessionFixture, types } from "./fixture.js";
import { Simulation } from "./simulation.js";

const probe = (fixture: SessionFixture) => fixture.handle({ type: "probe" });
const tick = (fixture: SessionFixture) => fixture.handle({ type: "tick" });
const sentAt = (fixture: SessionFixture, actions: SessionAction[]) =>
  Heartbeat.fromProtocol(fixture.read(actions)[0]!).sent_at;

describe("a probe of an open connection", () => {
  it("sends a heartbeat immediately", () => {
    const fixture = SessionFixture.online();
    expect(types(fixture, probe(fixture))).toEqual(["heartbeat"]);
  });

  it("closes the connection if no answer arrives within 3 seconds, and reports it as offline", () => {
    const fixture = SessionFixture.online();
    fixture.now += 20;
    const [wake] = only(probe(fixture), "wake");
    expect(wake!.at - fixture.now).toBeCloseTo(3);
    fixture.now += 2.99;
    expect(only(tick(fixture), "close")).toEqual([]);
    fixture.now += 0.01;
    const actions = tick(fixture);
    expect(only(actions, "close")).toMatchObject([{ code: CLOSE.silent }]);
    expect(notices(actions)).toEqual([{ type: "offline", code: CLOSE.silent, retry: true }]);
    expect(only(actions, "wake").at(-1)!.at - fixture.now).toBeLessThan(0.5);
  });

  it("keeps a connection whose server answers within 3 seconds", () => {
    const fixture = SessionFixture.online();
    const sent_at = sentAt(fixture, probe(fixture));
    fixture.now += 2.9;
    fixture.receive(Heartbeat, { sent_at });
    fixture.now += 20;
    expect(only(tick(fixture), "close")).toEqual([]);
  });

  it("waits while other frames arrive, and closes 3 seconds after the last", () => {
    const fixture = SessionFixture.online();
    probe(fixture);
    for (let frame = 0; frame < 5; frame++) {
      fixture.now += 2;
      expect(only(fixture.receive(StatusEvent, typing), "close")).toEqual([]);
    }
    fixture.now += 3.01;
    expect(only(tick(fixture), "close")).toMatchObject([{ code: CLOSE.silent }]);
  });

  it("is not answered by the answer to an earlier heartbeat", () => {
    const fixture = SessionFixture.online();
    fixture.now += 30;
    const earlier = sentAt(fixture, tick(fixture));
    fixture.now += 1;
    probe(fixture);
    fixture.receive(Heartbeat, { sent_at: earlier });
    fixture.now += 3.01;
    expect(only(tick(fixture), "close")).toMatchObject([{ code: CLOSE.silent }]);
  });

  it("sends one heartbeat for several probes before the answer", () => {
    const fixture = SessionFixture.online();
    probe(fixture);
    fixture.now += 1;
    expect(types(fixture, probe(fixture))).toEqual([]);
    fixture.now += 2.01;
    expect(only(probe(fixture), "close")).toMatchObject([{ code: CLOSE.silent }]);
  });

  it("can be repeated after the answer", () => {
    const fixture = SessionFixture.online();
    for (let time = 0; time < 3; time++) {
      fixture.now += 1;
      const sent_at = sentAt(fixture, probe(fixture));
      fixture.receive(Heartbeat, { sent_at });
    }
  });
});

describe("a connection that stops without a close", () => {
  it("is replaced within 5 seconds of a probe, and pending messages are sent", async () => {
    const faults = { drop: 0, duplicate: 0, late: 0, cut: 0, busy: 0, full: 0, mute: 0 };
    for (let seed = 0; seed < 100; seed++) {
      const simulation = new Simulation({ seed, faults });
      await simulation.run(20);
      const [device] = simulation.devices;
      device!.connection!.die();
      device!.write(1, false);
      await simulation.run(1);
      expect(device!.sent).toHaveLength(0);
      device!.handle({ type: "probe" });
      await simulation.run(5);
      expect(device!.sent, `seed ${seed}`).toHaveLength(1);
    }
  });
});

describe("a probe without an open connection", () => {
  it("connects immediately if the session waits to reconnect", () => {
    const fixture = SessionFixture.online();
    fixture.handle({ type: "closed", code: 1006 });
    expect(only(probe(fixture), "connect")).toHaveLength(1);
  });

  it("does nothing after a final close code", () => {
    const fixture = SessionFixture.online();
    fixture.handle({ type: "closed", code: CLOSE.replaced });
    expect(probe(fixture)).toEqual([]);
  });

  it("limits an attempt in flight to 3 more seconds", () => {
    const fixture = new SessionFixture();
    tick(fixture);
    fixture.now += 1;
    probe(fixture);
    fixture.now += 2.9;
    expect(only(tick(fixture), "close")).toEqual([]);
    fixture.now += 0.2;
    const actions = tick(fixture);
    expect(only(actions, "close")).toMatchObject([{ code: CLOSE.silent }]);
    expect(notices(actions)).toMatchObject([{ type: "offline", retry: true }]);
  });

  it.each([
    ["after a failed probe", true],
    ["after a connection that was lost", false],
  ])("the first attempt %s has a short timeout: %s", (_, isProbed) => {
    const fixture = SessionFixture.online();
    if (isProbed) probe(fixture);
    fixture.handle({ type: "closed", code: 1006 });
    const attempt = () => {
      fixture.now += 1;
      expect(only(tick(fixture), "connect")).toHaveLength(1);
      const [wake] = only(fixture.handle({ type: "tick" }), "wake");
      return wake!.at - fixture.now;
    };
    expect(attempt()).toBeCloseTo(isProbed ? 3 : 10);
    fixture.now += 10;
    tick(fixture);
    expect(attempt()).toBeCloseTo(10);
  });

  it("never extends the timeout of an attempt", () => {
    const fixture = new SessionFixture();
    tick(fixture);
    fixture.now += 9;
    probe(fixture);
    fixture.now += 1.01;
    expect(only(tick(fixture), "close")).toMatchObject([{ code: CLOSE.silent }]);
  });
});

describe("a tick that is late because the process was suspended", () => {
  it("probes the connection if it is more than 5 seconds late", () => {
    for (const [late, isClosed] of [
      [4.9, false],
      [5.1, true],
    ] as const) {
      const fixture = SessionFixture.online();
      fixture.now += 30 + late;
      expect(types(fixture, tick(fixture))).toEqual(["heartbeat"]);
      fixture.now += 3.01;
      expect(only(tick(fixture), "close")).toHaveLength(isClosed ? 1 : 0);
    }
  });
});

const typing = { event_type: "typing", user_id: BOB } as const;
