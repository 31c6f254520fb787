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
