import { describe, expect, it } from "vitest";
import { Heartbeat, MessageProtocol } from "../../src/index.js";
import { Channel, directionKeys } from "../../src/server/index.js";
import { SESSION_KEY } from "../session/fixture.js";
import { NOW } from "../support/examples.js";

const nonces = { hello: new Uint8Array(16), welcome: new Uint8Array(16) };
const withCode = (code: string) => expect.objectContaining({ code });

function ends(wire: 1 | 2): { client: Channel; server: Channel } {
  const { client, server } = directionKeys(SESSION_KEY, nonces);
  return {
    client: new Channel({ wire, own: client, peers: server }),
    server: new Channel({ wire, own: server, peers: client }),
  };
}
const frame = (channel: Channel, now = NOW) => channel.encode(Heartbeat, { sent_at: 0 }, now);

describe.each([1, 2] as const)("the two ends of a channel on wire %d", (wire) => {
  it("open each frame once, and reject a frame that arrives after a later one", () => {
    const { client, server } = ends(wire);
    const [first, second, third] = [frame(client), frame(client), frame(client)];
    expect(server.open(first, NOW).type).toBe("heartbeat");
    expect(() => server.open(first, NOW)).toThrow(withCode("ERR_REPLAYED"));
    expect(server.open(third, NOW).type).toBe("heartbeat");
    expect(() => server.open(second, NOW)).toThrow(withCode("ERR_REPLAYED"));
    expect(server.open(frame(client), NOW).type).toBe("heartbeat");
  });

  it("count the encoded and the verified frames", () => {
    const { client, server } = ends(wire);
    const [first, second] = [frame(client), frame(client)];
    expect([client.sent, client.received, server.received]).toEqual([2, 0, 0]);
    expect(() => client.encode(Heartbeat, { sent_at: -1 }, NOW)).toThrow();
    expect(client.sent).toBe(2);
    server.open(first, NOW);
    for (const bad of [first, second.slice(1), frame(server)]) {
      expect(() => server.open(bad, NOW)).toThrow();
    }
    expect(server.received).toBe(1);
    server.open(second, NOW);
    expect(server.received).toBe(2);
  });

  it("reject a value whose getter calls encode", () => {
    const { client, server } = ends(wire);
    const frames: Uint8Array[] = [];
    const value = {
      get sent_at() {
        frames.push(frame(client));
        return 0;
      },
    };
    expect(() => client.encode(Heartbeat, value, NOW)).toThrow(withCode("ERR_VALIDATION"));
    frames.push(frame(client));
    for (const one of frames) server.open(one, NOW);
    expect([client.sent, server.received]).toEqual([frames.length, frames.length]);
  });

  it.each([0, NOW, 99_000_000_000])("open 1,000 frames with the same time, %d s", (now) => {
    const { client, server } = ends(wire);
    for (let count = 1; count <= 1000; count++) server.open(frame(client, now), now);
    expect(server.received).toBe(1000);
  });

  it.each([0.5, 1, 3600, 86_400])(
    "continue to work if the clock of either is set back by %d s",
    (by) => {
      const { client, server } = ends(wire);
      server.open(frame(client), NOW);
      client.open(frame(server), NOW);
      client.open(frame(server, NOW - by), NOW);
      server.open(frame(client, NOW + 1), NOW - by + 1);
      client.open(frame(server, NOW - by + 10), NOW + 10);
      const late = MessageProtocol.fromBytes(frame(server, NOW - by + 20)).timestamp;
      expect(Math.abs(late - (NOW + 20))).toBeLessThanOrEqual(by > 1 ? 1e-3 : by);
    },
  );
});
