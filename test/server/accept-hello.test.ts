import { describe, expect, it } from "vitest";
import { Hello, KeyError, LacreError, SigningKey } from "../../src/index.js";
import { acceptHello, directionKeys } from "../../src/server/index.js";
import { offer, SESSION_KEY } from "../session/fixture.js";
import { NOW } from "../support/examples.js";
import { counting } from "../support/hex.js";

describe("acceptHello", () => {
  const frame = (fields = {}, key = directionKeys(SESSION_KEY).client, options = {}) =>
    Hello.toProtocol(
      { nonce: counting(16), wires: [1, 2], capabilities: [], ...fields },
      key,
      options,
    ).toBytes();

  it("selects the preferred common wire and ignores the client's clock", () => {
    const accepted = acceptHello(frame({}, undefined, { timestamp: 5 }), SESSION_KEY, offer, NOW);
    expect(accepted.channel.wire).toBe(2);
    expect(accepted.hello.wires).toEqual([1, 2]);
    expect(acceptHello(frame({ wires: [7, 1] }), SESSION_KEY, offer, NOW).channel.wire).toBe(1);
  });

  it("throws ERR_NO_COMMON_WIRE if the client offers no wire that the server speaks", () => {
    for (const [offered, wires] of [
      [[3], [2, 1]],
      [[2], [1]],
    ] as const) {
      const accept = () =>
        acceptHello(frame({ wires: offered }), SESSION_KEY, { ...offer, wires }, NOW);
      expect(accept).toThrow(LacreError);
      expect(accept).toThrow(expect.objectContaining({ code: "ERR_NO_COMMON_WIRE" }));
    }
  });

  it("rejects a frame that is not a hello of this session", () => {
    for (const [bad, code] of [
      [frame({}, SigningKey.generate()), "ERR_VERIFY"],
      [frame({}, directionKeys(SESSION_KEY).server), "ERR_VERIFY"],
      [frame({}, undefined, { wire: 2 }), "ERR_VERIFY"],
      ["hello", "ERR_MALFORMED"],
    ] as const) {
      expect(() => acceptHello(bad, SESSION_KEY, offer, NOW)).toThrow(
        expect.objectContaining({ code }),
      );
    }
  });

  it("rejects a session key that is not 32 bytes or is all zero", () => {
    const base64 = btoa(String.fromCharCode(...SESSION_KEY));
    for (const bad of [new Uint8Array(32), counting(31), counting(33), base64, undefined]) {
      expect(() => acceptHello(frame(), bad as Uint8Array, offer, NOW)).toThrow(KeyError);
    }
  });
});
