import fc from "fast-check";
import { expect, it } from "vitest";
import { SteadyClock } from "../../src/session/steady-clock.js";

const time = fc.double({ min: 1e9, max: 4e9, noNaN: true });

it("a steady clock never goes back, and whoever comes when it says is not too early", () => {
  fc.assert(
    fc.property(
      fc.array(time, { minLength: 1 }),
      fc.double({ min: 0, max: 3600, noNaN: true }),
      (times, delay) => {
        const clock = new SteadyClock();
        const read = times.map((now) => clock.read(now));
        expect(read).toEqual([...read].sort((a, b) => a - b));
        const deadline = read.at(-1)! + delay;
        const at = clock.callers(deadline);
        expect(clock.read(at)).toBeGreaterThanOrEqual(deadline);
      },
    ),
    {
      numRuns: 10_000,
      examples: [
        [[1253500634.14791, 1055054831.636523, 2147483647.9999633], 0.00003647804260253907],
      ],
    },
  );
});

it("a steady clock waits for a second that the caller's went back, and goes on with one that went back further", () => {
  const clock = new SteadyClock();
  expect(clock.read(100)).toBe(100);
  expect(clock.read(99)).toBe(100);
  expect(clock.callers(110)).toBeCloseTo(110, 5);
  expect(clock.read(100.5)).toBe(100.5);
  expect(clock.read(99.25)).toBe(100.5);
  expect(clock.callers(110)).toBeCloseTo(108.75, 5);
  expect(clock.read(100.25)).toBe(101.5);
});
