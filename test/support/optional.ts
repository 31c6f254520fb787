import { describe } from "vitest";

type Describe = (name: string, suite: () => void) => void;

/**
 * `describe` for a suite that needs something from outside the project. Where that is not found, the suite is skipped
 * aloud; with LACRE_REQUIRE_ALL in the environment, as in CI, its file fails instead.
 */
export function describeIf(found: boolean, needs: string): Describe {
  if (found) return describe;
  const message = `needs ${needs}`;
  if (process.env.LACRE_REQUIRE_ALL) throw new Error(message);
  return (name, suite) => {
    console.warn(`skipped: ${name} ${message}`);
    describe.skip(name, suite);
  };
}
