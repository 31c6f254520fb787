import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FreshnessError, ReplayGuard } from "../../src/index.js";

const identity = (number: number) => {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(28, number);
  return bytes;
};
const refused = (code: string) => expect.objectContaining({ code });

describe("a replay guard", () => {
  it("knows a frame again until it expires", () => {
    const guard = new ReplayGuard();
    expect(guard.add(identity(1), 100, 0)).toBe(true);
    expect(guard.add(identity(1), 100, 50)).toBe(false);
    expect(guard.add(identity(1), 100, 100)).toBe(false);
    expect(() => guard.add(identity(1), 100, 100.001)).toThrow(refused("ERR_EXPIRED"));
  });

  it("tells frames apart by every byte", () => {
    const guard = new ReplayGuard();
    for (let at = 0; at < 32; at++) {
      const bytes = new Uint8Array(32);
      bytes[at] = 200;
      expect(guard.add(bytes, 100, 0)).toBe(true);
    }
  });

  it("forgets what has expired, and nothing else", () => {
    const guard = new ReplayGuard();
    guard.add(identity(1), 10.5, 0);
    guard.add(identity(2), 20.5, 0);
    guard.add(identity(3), 30, 11);
    expect(guard.size).toBe(2);
    expect(guard.add(identity(2), 20.5, 12)).toBe(false);
  });

  it("forgets all that expire within one second", () => {
    const guard = new ReplayGuard();
    guard.add(identity(1), 10.2, 0);
    guard.add(identity(2), 10.8, 0);
    guard.add(identity(3), 30, 11);
    expect(guard.size).toBe(1);
  });

  it("refuses when it is full, and takes more when some have expired", () => {
    const guard = new ReplayGuard({ capacity: 2 });
    guard.add(identity(1), 10, 0);
    guard.add(identity(2), 20, 0);
    expect(() => guard.add(identity(3), 30, 5)).toThrow(refused("ERR_REPLAY_GUARD_FULL"));
    expect(guard.add(identity(1), 10, 5)).toBe(false);
    expect(guard.add(identity(3), 30, 11)).toBe(true);
  });

  it("does not run its clock back: what it forgot stays refused", () => {
    const guard = new ReplayGuard();
    guard.add(identity(1), 100, 0);
    guard.add(identity(2), 500, 200);
    expect(() => guard.add(identity(1), 100, 50)).toThrow(FreshnessError);
    expect(guard.add(identity(2), 500, 50)).toBe(false);
  });

  it("is not led astray by times that are no numbers", () => {
    const guard = new ReplayGuard();
    expect(() => guard.add(identity(1), Number.NaN, 0)).toThrow(FreshnessError);
    guard.add(identity(2), 100, 10);
    expect(guard.add(identity(2), 100, Number.NaN)).toBe(false);
    expect(guard.add(identity(3), 100, 20)).toBe(true);
  });

  it("never takes a frame twice, whatever the clock does", () => {
    const step = fc.record({
      frame: fc.nat(20),
      age: fc.double({ min: -60, max: 360, noNaN: true }),
      clock: fc.double({ min: 0, max: 2000, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const guard = new ReplayGuard({ capacity: 10 });
        const expires = new Map<number, number>();
        const taken = new Set<number>();
        for (const { frame, age, clock } of steps) {
          if (!expires.has(frame)) expires.set(frame, clock - age + 360);
          try {
            if (guard.add(identity(frame), expires.get(frame)!, clock)) {
              expect(taken.has(frame)).toBe(false);
              taken.add(frame);
            }
          } catch (error) {
            expect(error).toBeInstanceOf(FreshnessError);
          }
          expect(guard.size).toBeLessThanOrEqual(10);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("keeps the platform's clock where it is given none", () => {
    const guard = new ReplayGuard();
    expect(guard.add(identity(1), Date.now() / 1000 + 10)).toBe(true);
    expect(() => guard.add(identity(2), Date.now() / 1000 - 10)).toThrow(FreshnessError);
  });
});
