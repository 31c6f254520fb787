import { describe, expect, it } from "vitest";
import { ErrorResponse } from "../../../src/index.js";
import { acceptHello } from "../../../src/server/index.js";
import { CLOSE } from "../../../src/session/index.js";
import {
  CHAT,
  fromAlice,
  notices,
  offer,
  only,
  SESSION_KEY,
  SessionFixture,
  transmitted,
  types,
} from "../fixture.js";

describe("a time that the server names", () => {
  const HOUR = 3600;

  it.each([
    ["text", "soon", 1],
    ["a number as text", "60", 1],
    ["a negative number", -5, 1],
    ["zero", 0, 1],
    ["almost zero", 1e-300, 0.1],
    ["a minute", 60, 60],
    ["almost infinity", 1e308, HOUR],
  ])("is limited for a retry_after of %s", (_, retry_after, seconds) => {
    const fixture = new SessionFixture({ outbox: [fromAlice(1)] });
    fixture.connect({ ...offer, heartbeat: HOUR });
    for (const subject of [{ client_id: fromAlice(1).client_id }, { resume: CHAT }]) {
      const details = { ...subject, retry_after };
      fixture.receive(ErrorResponse, { error_code: "ERR_UNAVAILABLE", error_message: "", details });
    }
    const soon = Math.min(1, seconds / 2);
    const early = [...fixture.pass(soon), ...fixture.pass(seconds * 0.999 - soon)];
    expect(types(fixture, early)).toEqual([]);
    expect(types(fixture, fixture.pass(seconds * 0.001))).toEqual(
      expect.arrayContaining(["message", "resume"]),
    );
  });

  it.each([1e-300, 1e300])("is limited for a heartbeat of %d s", (heartbeat) => {
    const fixture = new SessionFixture({ cursors: [] });
    const [wake] = only(fixture.connect({ ...offer, heartbeat }), "wake").slice(-1);
    expect(wake!.at - fixture.now).toBeCloseTo(heartbeat < 1 ? 0.1 : HOUR);
  });
});

describe("a server's time", () => {
  const welcomedAt = (serverTime: number) => {
    const fixture = new SessionFixture();
    fixture.handle({ type: "tick" });
    const [hello] = transmitted(fixture.handle({ type: "connected" }));
    const { frame } = acceptHello(hello, SESSION_KEY, offer, serverTime);
    return fixture.handle({ type: "frame", data: frame });
  };

  it.each([-1, -1e-6, 50_000_000_000, 1e11])("of %d s is rejected", (serverTime) => {
    const actions = welcomedAt(serverTime);
    expect(notices(actions)).toMatchObject([{ type: "refused", reason: "welcome" }]);
    expect(only(actions, "close")).toMatchObject([{ code: CLOSE.protocolError }]);
  });

  it.each([0, 49_999_999_999])("of %d s is valid", (serverTime) => {
    expect(notices(welcomedAt(serverTime))).toMatchObject([{ type: "online" }]);
  });
});
