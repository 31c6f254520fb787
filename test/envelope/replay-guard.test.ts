import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FreshnessError, ReplayGuard } from "../../src/index.js";
import { runs } from "../support/runs.js";

const identity = (number: number) => {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(28, number);
  return bytes;
};
const errorWith = (code: string) => expect.objectContaining({ code });

describe("ReplayGuard", () => {
  it("recognises a frame until it expires", () => {
    const guard = new ReplayGuard();
    expect(guard.add(identity(1), 100, 0)).toBe(true);
    expect(guard.add(identity(1), 100, 50)).toBe(false);
    expect(guard.add(identity(1), 100, 100)).toBe(false);
    expect(() => guard.add(identity(1), 100, 100.001)).toThrow(errorWith("ERR_EXPIRED"));
  });

  it("compares all bytes of identities", () => {
    const guard = new ReplayGuard();
    for (let at = 0; at < 32; at++) {
      const bytes = new Uint8Array(32);
      bytes[at] = 200;
      expect(guard.add(bytes, 100, 0)).toBe(true);
    }
  });

  it("removes expired frames only", () => {
    const guard = new ReplayGuard();
    guard.add(identity(1), 10.5, 0);
    guard.add(identity(2), 20.5, 0);
    guard.add(identity(3), 30, 11);
    expect(guard.size).toBe(2);
    expect(guard.add(identity(2), 20.5, 12)).toBe(false);
  });

  it("removes all frames that expire within one second", () => {
    const guard = new ReplayGuard();
    guard.add(identity(1), 10.2, 0);
    guard.add(identity(2), 10.8, 0);
    guard.add(identity(3), 30, 11);
    expect(guard.size).toBe(1);
  });

  it("rejects frames when it is full, until some expire", () => {
    const guard = new ReplayGuard({ capacity: 2 });
    guard.add(identity(1), 10, 0);
    guard.add(identity(2), 20, 0);
    expect(() => guard.add(identity(3), 30, 5)).toThrow(errorWith("ERR_REPLAY_GUARD_FULL"));
    expect(guard.add(identity(1), 10, 5)).toBe(false);
    expect(guard.add(identity(3), 30, 11)).toBe(true);
  });

  it("keeps rejecting removed frames when the clock goes back", () => {
    const guard = new ReplayGuard();
    guard.add(identity(1), 100, 0);
    guard.add(identity(2), 500, 200);
    expect(() => guard.add(identity(1), 100, 50)).toThrow(FreshnessError);
    expect(guard.add(identity(2), 500, 50)).toBe(false);
  });

  it("accepts current frames after the clock was a day ahead", () => {
    const guard = new ReplayGuard();
    const day = 86_400;
    guard.add(identity(1), 360, 0);
    expect(guard.add(identity(2), day + 360, day)).toBe(true);
    expect(guard.add(identity(3), 370, 10), "was never removed").toBe(true);
    expect(guard.add(identity(3), 370, 10)).toBe(false);
    expect(() => guard.add(identity(1), 360, 10), "was removed").toThrow(errorWith("ERR_EXPIRED"));
    expect(guard.add(identity(2), day + 360, 10)).toBe(false);
  });

  it("rejects frames that it may have removed, and accepts later ones", () => {
    const guard = new ReplayGuard();
    guard.add(identity(1), 10.5, 0);
    guard.add(identity(2), 500, 11);
    expect(() => guard.add(identity(3), 10.999, 5)).toThrow(errorWith("ERR_EXPIRED"));
    expect(guard.add(identity(4), 11, 5)).toBe(true);
  });

  it("rejects times that are not numbers", () => {
    const guard = new ReplayGuard();
    expect(() => guard.add(identity(1), Number.NaN, 0)).toThrow("argument: expires: must be");
    guard.add(identity(2), 100, 10);
    expect(() => guard.add(identity(2), 100, Number.NaN)).toThrow("argument: now: must be");
    expect(guard.add(identity(2), 100, 10)).toBe(false);
    expect(guard.add(identity(3), 100, 20)).toBe(true);
  });

  it("accepts no frame twice, for any changes of the clock", () => {
    const step = fc.record({
      frame: fc.nat(20),
      age: fc.double({ min: -60, max: 360, noNaN: true }),
      clock: fc.double({ min: 0, max: 2000, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const guard = new ReplayGuard({ capacity: 10 });
        const expires = new Map<number, number>();
        const accepted = new Set<number>();
        for (const { frame, age, clock } of steps) {
          if (!expires.has(frame)) expires.set(frame, clock - age + 360);
          try {
            if (guard.add(identity(frame), expires.get(frame)!, clock)) {
              expect(accepted.has(frame)).toBe(false);
              accepted.add(frame);
            }
          } catch (error) {
            expect(error).toBeInstanceOf(FreshnessError);
          }
          expect(guard.size).toBeLessThanOrEqual(10);
        }
      }),
      { numRuns: runs(2000) },
    );
  });

  it("uses the platform's clock by default", () => {
    const guard = new ReplayGuard();
    expect(guard.add(identity(1), Date.now() / 1000 + 10)).toBe(true);
    expect(() => guard.add(identity(2), Date.now() / 1000 - 10)).toThrow(FreshnessError);
  });
});
