import fc from "fast-check";
import { expect, it } from "vitest";
import { SteadyClock } from "../../src/connection/steady-clock.js";
import { ValidationError } from "../../src/index.js";
import { runs } from "../support/runs.js";

/** Times of the present, and any time in the range of a timestamp. */
const time = fc.oneof(
  fc.double({ min: 1e9, max: 4e9, noNaN: true }),
  fc.double({ min: -99_999_000_000, max: 99_999_000_000, noNaN: true }),
);

it("a steady clock never goes back, and toCallerTime never returns too early a time", () => {
  fc.assert(
    fc.property(
      fc.array(time, { minLength: 1 }),
      fc.double({ min: 0, max: 3600, noNaN: true }),
      (times, delay) => {
        const clock = new SteadyClock();
        const read = times.map((now) => clock.read(now));
        expect(read).toEqual([...read].sort((a, b) => a - b));
        const deadline = read.at(-1)! + delay;
        const at = clock.toCallerTime(deadline);
        expect(clock.read(at)).toBeGreaterThanOrEqual(deadline);
      },
    ),
    {
      numRuns: runs(10_000),
      examples: [
        [[1253500634.14791, 1055054831.636523, 2147483647.9999633], 0.00003647804260253907],
      ],
    },
  );
});

it.each([Number.NaN, Infinity, -Infinity, 100_000_000_001, -100_000_000_001, "now", undefined])(
  "a steady clock rejects %s and does not change",
  (bad) => {
    const clock = new SteadyClock();
    expect(() => clock.read(bad as number)).toThrow(ValidationError);
    expect(clock.read(100)).toBe(100);
    expect(() => clock.read(bad as number)).toThrow(
      "argument: now: must be a Unix time in seconds",
    );
    expect(clock.read(99.5)).toBe(100);
    expect(clock.read(101)).toBe(101);
    const ends = [-100_000_000_000, 100_000_000_000];
    expect(ends.map((end) => new SteadyClock().read(end))).toEqual(ends);
  },
);

it("a steady clock stops for a step back of up to a second, and continues after a larger one", () => {
  const clock = new SteadyClock();
  expect(clock.read(100)).toBe(100);
  expect(clock.read(99)).toBe(100);
  expect(clock.toCallerTime(110)).toBeCloseTo(110, 5);
  expect(clock.read(100.5)).toBe(100.5);
  expect(clock.read(99.25)).toBe(100.5);
  expect(clock.toCallerTime(110)).toBeCloseTo(108.75, 5);
  expect(clock.read(100.25)).toBe(101.5);
});
